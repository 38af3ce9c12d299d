//! The stream to control: connects, reads lines, writes lines, and tries again when control goes.
//!
//! It runs as one task and speaks to the loop in events. Each connection has a number, so that a
//! message meant for an earlier one is never written to a later one. Enforcement does not need it.

use std::path::PathBuf;
use std::time::Duration;

use podwall_wire::node::{LINE_LIMIT_BYTES, ToAgent, ToControl, decode, encode};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use crate::event::Event;

/// The first pause before another try, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A message with the number of the connection it was meant for.
#[derive(Debug)]
pub(crate) struct Letter {
    /// The connection.
    pub(crate) connection: u64,
    /// What it says.
    pub(crate) message: ToControl,
}

/// Keeps a connection to control for as long as the loop listens.
pub(crate) async fn keep(
    socket: PathBuf,
    events: mpsc::Sender<Event>,
    mut letters: mpsc::Receiver<Letter>,
) {
    let mut pause = PAUSES.0;
    for connection in 1.. {
        let stream = loop {
            match UnixStream::connect(&socket).await {
                Ok(stream) => break stream,
                Err(cause) => tracing::debug!(%cause, ?socket, "control does not answer"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            if events.is_closed() {
                return;
            }
        };
        pause = PAUSES.0;
        if events.send(Event::Connected { connection }).await.is_err() {
            return;
        }
        let (read, write) = stream.into_split();
        let why = tokio::select! {
            why = listen(read, &events) => why,
            why = speak(write, connection, &mut letters, &events) => why,
        };
        tracing::warn!(why, "control is gone; what is in force stays");
        if events.send(Event::Disconnected).await.is_err() {
            return;
        }
    }
}

/// Reads messages until the stream ends; says why it did.
async fn listen(read: OwnedReadHalf, events: &mpsc::Sender<Event>) -> String {
    let mut reader = BufReader::new(read);
    let mut line = Vec::new();
    let limit = u64::try_from(LINE_LIMIT_BYTES).expect("the limit of a line fits 64 bits");
    loop {
        line.clear();
        match (&mut reader).take(limit).read_until(b'\n', &mut line).await {
            Ok(_) if line.last() != Some(&b'\n') => return "the stream ended".to_owned(),
            Ok(_) => {}
            Err(cause) => return cause.to_string(),
        }
        let message: ToAgent = match decode(&line) {
            Ok(message) => message,
            Err(cause) => return cause.to_string(),
        };
        if events.send(Event::Said(message)).await.is_err() {
            return "the agent ends".to_owned();
        }
    }
}

/// Writes letters as they come; says why it stopped.
async fn speak(
    mut write: OwnedWriteHalf,
    connection: u64,
    letters: &mut mpsc::Receiver<Letter>,
    events: &mpsc::Sender<Event>,
) -> String {
    while let Some(letter) = letters.recv().await {
        if letter.connection != connection {
            continue;
        }
        let line = match encode(&letter.message) {
            Ok(line) => line,
            Err(cause) => return cause.to_string(),
        };
        if let Err(cause) = write.write_all(&line).await {
            return cause.to_string();
        }
        if events.send(Event::Sent).await.is_err() {
            break;
        }
    }
    "the agent ends".to_owned()
}
