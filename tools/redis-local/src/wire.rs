use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Text; what is no UTF-8 of it is replaced.
    Text(String),
    /// A number.
    Number(i64),
    /// A list.
    List(Vec<Self>),
    /// Nothing.
    Nothing,
    /// An error, in the server's words.
    Refusal(String),
}

impl Reply {
    /// The text; fails when it is none.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    /// The number; fails when it is none.
    pub fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            other => panic!("{other:?} is no number"),
        }
    }
}

/// A few lines of the Redis protocol, so that a test looks at a server without the code under test.
#[derive(Debug)]
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a command and reads the answer.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn ask<A: AsRef<[u8]>>(&mut self, words: &[A]) -> io::Result<Reply> {
        self.send(words)?;
        self.read()
    }

    /// Sends a command.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn send<A: AsRef<[u8]>>(&mut self, words: &[A]) -> io::Result<()> {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            let word = word.as_ref();
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend(word);
            request.extend(b"\r\n");
        }
        self.0.get_mut().write_all(&request)
    }

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub fn read(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (kind, rest) = line.trim_end().split_at(1);
        Ok(match kind {
            "+" => Reply::Text(rest.to_owned()),
            "-" => Reply::Refusal(rest.to_owned()),
            ":" => Reply::Number(rest.parse().map_err(io::Error::other)?),
            "$" | "*" if rest == "-1" => Reply::Nothing,
            "$" => {
                let mut text = vec![0; rest.parse::<usize>().map_err(io::Error::other)? + 2];
                self.0.read_exact(&mut text)?;
                text.truncate(text.len() - 2);
                Reply::Text(String::from_utf8_lossy(&text).into_owned())
            }
            "*" => {
                let length = rest.parse().map_err(io::Error::other)?;
                Reply::List((0..length).map(|_| self.read()).collect::<io::Result<_>>()?)
            }
            _ => return Err(io::Error::other(format!("no reply: {line}"))),
        })
    }
}
