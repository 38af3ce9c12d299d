//! A client of the demo's database.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};

use super::http::PATIENCE;
use crate::plan;

/// What lets in. The demo holds nothing worth more.
pub(crate) const PASSWORD: &str = "only-a-demo";

/// The longest line of a reply.
const LINE_BOUND_BYTES: u64 = 1 << 10;

/// A connection to the database.
#[derive(Debug)]
pub(crate) struct Store {
    stream: BufReader<TcpStream>,
}

impl Store {
    /// Connects, and says the password.
    pub(crate) fn log_in(ip: IpAddr, password: &str) -> io::Result<Store> {
        let mut store = Store::connect(ip)?;
        match store.ask(&format!("AUTH {password}"))?.as_str() {
            "OK" => Ok(store),
            refusal => Err(io::Error::new(ErrorKind::PermissionDenied, refusal)),
        }
    }

    fn connect(ip: IpAddr) -> io::Result<Store> {
        let stream = TcpStream::connect_timeout(&(ip, plan::STORE_PORT).into(), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Store { stream: BufReader::new(stream) })
    }

    /// Sends one command; gives the reply without its sign, or the server's refusal as it says it.
    pub(crate) fn ask(&mut self, command: &str) -> io::Result<String> {
        self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let line = self.line()?;
        match line.split_at_checked(1) {
            Some(("+" | ":" | "-", text)) => Ok(text.to_owned()),
            Some(("$", "-1")) => Ok(String::new()),
            Some(("$", _)) => self.line(),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.stream).take(LINE_BOUND_BYTES).read_line(&mut line)?;
        let whole = line.strip_suffix("\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        Ok(whole.to_owned())
    }
}
