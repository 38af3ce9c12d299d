//! HTTP/1.1 as far as the demo speaks it, and strictly: one GET without a body on each connection,
//! with bounds on all that is read. Anything else gets its status and the door.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// The longest head that is read, in either direction.
const HEAD_BOUND_BYTES: usize = 8 << 10;
/// The longest body that a client takes.
const BODY_BOUND_BYTES: usize = 64 << 10;
/// Connections that a server serves at once; more are closed unheard.
const CONNECTION_BOUND: usize = 64;
/// How long either side waits for the other.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn ok(body: impl Into<String>) -> Response {
        Response { status: 200, body: body.into() }
    }

    /// For a server whose own server did not answer.
    pub(crate) fn bad_gateway(why: &str) -> Response {
        Response { status: 502, body: format!("{why}\n") }
    }

    pub(crate) fn not_found() -> Response {
        Response { status: 404, body: "not found\n".into() }
    }
}

/// Listens for both families on one port.
pub(crate) fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .with_context(|| format!("unable to listen on port `{port}`"))
}

/// Serves each connection on a thread of its own, for ever.
pub(crate) fn serve(
    listener: &TcpListener,
    answer: impl Fn(&str) -> Response + Send + Sync + 'static,
) -> Result<()> {
    let answer = Arc::new(answer);
    let busy = Arc::new(AtomicUsize::new(0));
    loop {
        let (stream, _) = listener.accept().context("unable to accept connections")?;
        if busy.load(Ordering::Relaxed) >= CONNECTION_BOUND {
            continue;
        }
        busy.fetch_add(1, Ordering::Relaxed);
        let (answer, done) = (Arc::clone(&answer), Arc::clone(&busy));
        thread::spawn(move || {
            // A client that goes away in the middle is its own loss.
            let _ = exchange(stream, |path| answer(path));
            done.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn exchange(mut stream: TcpStream, answer: impl Fn(&str) -> Response) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (head, _) = read_head(&mut stream)?;
    let response = match path_of(&head) {
        Ok(path) => answer(path),
        Err(status) => Response { status, body: String::new() },
    };
    let Response { status, body } = &response;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} {}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}",
        reason(*status)
    )
}

/// The path of a request, or the status that refuses it (RFC 9112, sections 3 and 6).
fn path_of(head: &str) -> Result<&str, u16> {
    let mut lines = head.split("\r\n");
    let parts: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, path, version] = parts.as_slice() else {
        return Err(400);
    };
    if *version != "HTTP/1.1" {
        return Err(505);
    }
    let mut hosts = 0;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(400u16)?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(400);
        }
        match name.to_ascii_lowercase().as_str() {
            "host" => hosts += 1,
            "content-length" if value.trim() != "0" => return Err(413),
            "transfer-encoding" => return Err(501),
            _ => {}
        }
    }
    if hosts != 1 || !path.starts_with('/') {
        return Err(400);
    }
    if *method == "GET" { Ok(path) } else { Err(405) }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Asks one server once.
pub(crate) fn fetch(to: SocketAddr, host: &str, path: &str) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let (head, mut body) = read_head(&mut stream)?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or(ErrorKind::InvalidData)?;
    let length = length_of(&head).filter(|length| *length <= BODY_BOUND_BYTES);
    let missing = length.ok_or(ErrorKind::InvalidData)?.checked_sub(body.len());
    let start = body.len();
    body.resize(start + missing.ok_or(ErrorKind::InvalidData)?, 0);
    stream.read_exact(&mut body[start..])?;
    let body = String::from_utf8(body).map_err(|_| ErrorKind::InvalidData)?;
    Ok(Response { status, body })
}

fn length_of(head: &str) -> Option<usize> {
    let fields = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next()?.1.trim().parse().ok()
}

/// Reads to the empty line; gives the head without it, and what of the body came along.
fn read_head(stream: &mut impl Read) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            bytes.truncate(end);
            let head = String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData)?;
            return Ok((head, body));
        }
        if bytes.len() > HEAD_BOUND_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_get_with_one_host_is_answered() {
        assert_eq!(path_of("GET /a HTTP/1.1\r\nHost: x"), Ok("/a"));
        for (head, status) in [
            ("GET /a HTTP/1.1", 400),
            ("GET /a HTTP/1.1\r\nHost: x\r\nHost: y", 400),
            ("GET /a HTTP/1.0\r\nHost: x", 505),
            ("GET  /a HTTP/1.1\r\nHost: x", 400),
            ("POST /a HTTP/1.1\r\nHost: x", 405),
            ("GET /a HTTP/1.1\r\nHost : x", 400),
            ("GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked", 501),
            ("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4", 413),
        ] {
            assert_eq!(path_of(head), Err(status), "{head}");
        }
    }

    #[test]
    fn a_head_without_an_end_is_cut_off() {
        let endless = vec![b'a'; HEAD_BOUND_BYTES * 2];
        let error = read_head(&mut endless.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
