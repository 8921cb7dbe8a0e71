//! Runs the ClickHouse engine of a shared library as a server, until its standard input ends.
//!
//! `clickhouse-local LIBRARY FOLDER [--remove]`. FOLDER holds the data and, when it is there, `config.xml`; the port the
//! server listens on is written to `FOLDER/port`. With `--remove` FOLDER is gone afterwards.
//!
//! Two processes: the engine ends its own process as it likes, so another one waits for it and clears up.
#![allow(clippy::print_stderr, reason = "a program that tests start")]

use std::{
    env,
    ffi::{CStr, CString, OsString, c_char, c_int, c_void},
    fs, iter,
    os::unix::ffi::OsStringExt as _,
    path::Path,
    process::{Command, ExitCode},
    ptr,
};

/// In the environment of the process that becomes the engine.
const ENGINE: &str = "STOCKPILE_CLICKHOUSE_ENGINE";

type Run = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut c_void;
type ErrorOf = unsafe extern "C" fn(*mut c_void) -> *const c_char;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let [library, folder, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: clickhouse-local LIBRARY FOLDER [--remove]");
        return ExitCode::from(2);
    };
    let folder = Path::new(folder);
    let ended = if env::var_os(ENGINE).is_some() {
        serve(Path::new(library), folder)
    } else {
        let ended = wait_for_engine(&arguments);
        if rest.iter().any(|flag| flag == "--remove") {
            let _ = fs::remove_dir_all(folder);
        }
        ended
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("clickhouse-local: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Starts this program once more; the standard streams are the same ones.
fn wait_for_engine(arguments: &[OsString]) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let status = Command::new(program)
        .args(arguments)
        .env(ENGINE, "1")
        .status()
        .map_err(|error| format!("the engine's process cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the engine ended with {status}")) }
}

fn serve(library: &Path, folder: &Path) -> Result<(), String> {
    let script = format!(
        "SYSTEM START LISTEN HTTP; \
         SELECT getServerPort('http_port') INTO OUTFILE '{}' TRUNCATE FORMAT TSV; \
         SELECT count() FROM file('/dev/stdin', LineAsString, 'line String') FORMAT Null",
        folder.join("port").display()
    );
    let config = folder.join("config.xml");
    let arguments = iter::once(OsString::from("clickhouse"))
        .chain(config.exists().then(|| flag("--config-file=", &config)))
        .chain([
            flag("--path=", &folder.join("data")),
            "--http_port=0".into(),
            "--listen_host=127.0.0.1".into(),
            "--output-format=TSV".into(),
            format!("--query={script}").into(),
        ])
        .map(|argument| CString::new(argument.into_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    run(library, &arguments)
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(path);
    flag
}

#[allow(unsafe_code, reason = "the engine is a C library and is called once, in a process of its own")]
fn run(library: &Path, arguments: &[CString]) -> Result<(), String> {
    let mut pointers: Vec<*mut c_char> =
        arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
    let count = c_int::try_from(pointers.len()).map_err(|error| error.to_string())?;
    pointers.push(ptr::null_mut());
    // SAFETY: loading runs the library's initialisers. The file is the one whose digest scripts/fetch-clickhouse checked.
    let library = unsafe { libloading::Library::new(library) }.map_err(|error| error.to_string())?;
    // SAFETY: both signatures are those of this version's chdb.h.
    let (run, error_of) = unsafe {
        (
            library.get::<Run>(b"chdb_query_cmdline\0").map_err(|error| error.to_string())?,
            library.get::<ErrorOf>(b"chdb_result_error\0").map_err(|error| error.to_string())?,
        )
    };
    // SAFETY: the arguments outlive the call, end with a null pointer and are not written to.
    let result = unsafe { run(count, pointers.as_mut_ptr()) };
    if result.is_null() {
        return Err("the engine gave no result".to_owned());
    }
    // SAFETY: the result is not null, and the process ends before anybody frees it.
    let error = unsafe { error_of(result) };
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null, and a C string that lives as long as the result.
    let error = unsafe { CStr::from_ptr(error) };
    Err(error.to_string_lossy().into_owned())
}
