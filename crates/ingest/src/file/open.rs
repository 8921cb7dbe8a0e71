//! Opening a file, packed or not.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

/// Bytes read from the disk at a time.
const READ_BUFFER: usize = 256 * 1024;

/// What a file turned out to be.
pub(super) enum Opened {
    /// Text, unpacked while it is read.
    Text(Box<dyn BufRead + Send>),
    /// A JSON array, unpacked while it is read.
    Json(Box<dyn BufRead + Send>),
    /// A Parquet file, which is read at several places, and the position to keep.
    #[cfg(feature = "parquet")]
    Parquet(File, Arc<AtomicU64>),
    /// Something else, and what.
    Unsupported(&'static str),
}

/// Opens a file and looks at its first bytes; its name decides nothing.
///
/// `position` follows the bytes taken from the disk, which for a packed file are fewer than its text.
pub(super) fn open(path: &Path, position: Arc<AtomicU64>) -> Result<Opened> {
    let read_error = |source| Error::Read { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(Error::Folder { path: path.to_owned() });
    }
    let file = File::open(path).map_err(read_error)?;
    let mut file = BufReader::with_capacity(READ_BUFFER, Counted { file, position });
    let start = file.fill_buf().map_err(read_error)?;
    let mut reader: Box<dyn BufRead + Send> = match start {
        [] => return Err(Error::Empty { path: path.to_owned() }),
        [0x1f, 0x8b, ..] => Box::new(BufReader::with_capacity(READ_BUFFER, MultiGzDecoder::new(file))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::Decoder::with_buffer(file).map_err(read_error)?;
            Box::new(BufReader::with_capacity(READ_BUFFER, decoder))
        }
        #[cfg(feature = "parquet")]
        [b'P', b'A', b'R', b'1', ..] => {
            let Counted { file, position } = file.into_inner();
            return Ok(Opened::Parquet(file, position));
        }
        #[cfg(not(feature = "parquet"))]
        [b'P', b'A', b'R', b'1', ..] => {
            return Ok(Opened::Unsupported("this program was built without the feature `parquet`"));
        }
        [b'P', b'K', 3, 4, ..] => {
            return Ok(Opened::Unsupported("ZIP archives are not read; unpack it first"));
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(Error::Encoding { path: path.to_owned(), line: 1 });
        }
        _ => Box::new(file),
    };
    // What a packed file holds shows only now; a decoder's complaint is left to whoever reads on.
    Ok(match reader.fill_buf().unwrap_or_default().trim_ascii_start() {
        [b'[', ..] => Opened::Json(reader),
        [b'P', b'A', b'R', b'1', ..] => {
            Opened::Unsupported("a packed Parquet file is not read; unpack it first")
        }
        [b'{', ..] => Opened::Unsupported("of JSON, only arrays of objects are read"),
        _ => Opened::Text(reader),
    })
}

/// A file that reports how far it was read.
struct Counted {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
