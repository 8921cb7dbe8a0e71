//! The launcher on the real server; left out, loudly, where it is not installed.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test")]

use std::{
    env, fs,
    io::Write as _,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use stockpile_postgres_local::{Config, Error, Server};

fn server() -> Option<Server> {
    match Server::start(&Config::default()) {
        Ok(server) => Some(server),
        Err(error @ Error::NotInstalled) if env::var_os("REQUIRE_BACKENDS").is_none() => {
            eprintln!("left out: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_server_is_killed_restarted_on_its_port_and_gone_in_the_end() {
    let Some(mut server) = server() else { return };
    let port = server.port();
    assert!(answers(port));
    assert!(server.url("some").ends_with(&format!(":{port}/some")));
    server.kill().unwrap();
    assert!(!answers(port));
    server.restart(&Config::default()).unwrap();
    assert!(answers(port));
    drop(server);
    assert!(!answers(port));
}

/// Not a test of its own: the one below starts it in a process that it kills.
#[test]
#[ignore = "waits to be killed"]
fn waits_with_a_shared_server() {
    let server = Server::shared().unwrap();
    let path = env::var("PORT_FILE").unwrap();
    fs::File::create(path).unwrap().write_all(format!("{}\n", server.port()).as_bytes()).unwrap();
    thread::sleep(Duration::from_secs(600));
}

#[test]
fn a_server_ends_with_a_process_that_is_killed() {
    if server().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("port");
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "waits_with_a_shared_server"])
        .env("PORT_FILE", &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let port = wait_for(|| whole_number(&path));
    assert!(answers(port));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for(|| (!answers(port)).then_some(()));
}

fn whole_number(path: &Path) -> Option<u16> {
    fs::read_to_string(path).ok()?.strip_suffix('\n')?.parse().ok()
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain");
        thread::sleep(Duration::from_millis(20));
    }
}
