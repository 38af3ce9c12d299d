//! The database: keys and values in memory, spoken to in Redis' inline commands with RESP replies.
//! Nothing is told to a client that has not logged in.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use serde_json::json;

use super::ask::family_word;
use super::http::listen;
use super::journal::{Journal, Logs};
use super::store_client::PASSWORD;
use crate::plan;

/// The longest line of a client.
const LINE_BOUND_BYTES: u64 = 1 << 10;
/// Keys that are kept.
const KEYS_BOUND: usize = 1000;

type Data = BTreeMap<String, String>;

/// Serves for ever.
pub(crate) fn run(logs: &Logs) -> Result<()> {
    let journal = Arc::new(logs.own()?);
    let data = Arc::new(Mutex::new(Data::new()));
    let listener = listen(plan::STORE_PORT)?;
    super::say_ready()?;
    loop {
        let (stream, _) = listener.accept().context("unable to accept connections")?;
        let (data, journal) = (Arc::clone(&data), Arc::clone(&journal));
        thread::spawn(move || converse(stream, &data, &journal));
    }
}

fn converse(stream: TcpStream, data: &Mutex<Data>, journal: &Journal) -> io::Result<()> {
    let from = stream.peer_addr()?.ip().to_canonical();
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut session = Session::Stranger;
    loop {
        let mut line = String::new();
        if (&mut reader).take(LINE_BOUND_BYTES).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let reply = match words.as_slice() {
            ["AUTH", password] => {
                session = Session::after(password);
                let outcome = session.login_word();
                let (family, from) = (family_word(from), from.to_string());
                let action = "login";
                journal.write(json!({
                    "action": action, "from": from, "family": family, "outcome": outcome
                }));
                session.login_reply().to_owned()
            }
            words if session == Session::Known => {
                execute(words, &mut data.lock().unwrap_or_else(PoisonError::into_inner))
            }
            _ => "-NOAUTH Authentication required.\r\n".to_owned(),
        };
        writer.write_all(reply.as_bytes())?;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    Stranger,
    Known,
}

impl Session {
    fn after(password: &str) -> Session {
        if password == PASSWORD { Session::Known } else { Session::Stranger }
    }

    fn login_word(self) -> &'static str {
        match self {
            Session::Known => "ok",
            Session::Stranger => "wrong password",
        }
    }

    fn login_reply(self) -> &'static str {
        match self {
            Session::Known => "+OK\r\n",
            Session::Stranger => "-WRONGPASS invalid password.\r\n",
        }
    }
}

fn execute(words: &[&str], data: &mut Data) -> String {
    match words {
        ["PING"] => "+PONG\r\n".into(),
        ["GET", key] => match data.get(*key) {
            Some(value) => format!("${}\r\n{value}\r\n", value.len()),
            None => "$-1\r\n".into(),
        },
        ["SET", key, value] => match set(data, key, (*value).to_owned()) {
            Ok(()) => "+OK\r\n".into(),
            Err(refusal) => refusal,
        },
        ["INCR", key] => {
            let known = data.get(*key).map_or(Ok(0), |value| value.parse::<u64>());
            let Some(next) = known.ok().and_then(|number| number.checked_add(1)) else {
                return "-ERR value is not an integer or out of range\r\n".into();
            };
            match set(data, key, next.to_string()) {
                Ok(()) => format!(":{next}\r\n"),
                Err(refusal) => refusal,
            }
        }
        _ => "-ERR unknown command\r\n".into(),
    }
}

fn set(data: &mut Data, key: &str, value: String) -> Result<(), String> {
    if !data.contains_key(key) && data.len() >= KEYS_BOUND {
        return Err("-OOM too many keys\r\n".into());
    }
    data.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_those_of_redis() {
        let mut data = Data::new();
        for (words, reply) in [
            (&["GET", "a"][..], "$-1\r\n"),
            (&["INCR", "a"], ":1\r\n"),
            (&["INCR", "a"], ":2\r\n"),
            (&["GET", "a"], "$1\r\n2\r\n"),
            (&["SET", "a", "x"], "+OK\r\n"),
            (&["INCR", "a"], "-ERR value is not an integer or out of range\r\n"),
            (&["FLUSHALL"], "-ERR unknown command\r\n"),
        ] {
            assert_eq!(execute(words, &mut data), reply, "{words:?}");
        }
    }
}
