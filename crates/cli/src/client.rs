//! Asking the running instance over its unix socket.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use podwall_wire::rest::ApiError;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

/// Talks to the instance of one state directory, one request a connection.
pub(crate) struct Client {
    socket: PathBuf,
}

/// Nothing runs with this state directory.
#[derive(Debug)]
pub(crate) struct NotRunning(PathBuf);

impl fmt::Display for NotRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "nothing runs with this state directory: `{}`, hint: start `podwall up`, or name \
             another with --state",
            self.0.display()
        )
    }
}

impl std::error::Error for NotRunning {}

/// Runs a command's questions to their end.
pub(crate) fn block_on<T>(
    future: impl std::future::Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

impl Client {
    pub(crate) fn new(state: &Path) -> Client {
        Client { socket: podwall_control::Directory::new(state).socket() }
    }

    /// A body of the API.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let bytes = self.send(Method::GET, path, None).await?;
        serde_json::from_slice(&bytes).context("the instance answered in another version's words")
    }

    /// Asks for a change.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl serde::Serialize,
    ) -> anyhow::Result<T> {
        let bytes = self.send(method, path, Some(serde_json::to_vec(body)?)).await?;
        serde_json::from_slice(&bytes).context("the instance answered in another version's words")
    }

    /// Asks for something that has no answer but that it was taken.
    pub(crate) async fn post(&self, path: &str) -> anyhow::Result<()> {
        self.send(Method::POST, path, None).await.map(|_| ())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Bytes> {
        let stream =
            UnixStream::connect(&self.socket).await.map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
                    anyhow::Error::new(NotRunning(self.socket.with_file_name("")))
                }
                std::io::ErrorKind::PermissionDenied => anyhow::anyhow!(
                    "not allowed to talk to the run: `{}`, hint: run as root",
                    self.socket.display()
                ),
                _ => anyhow::Error::new(error)
                    .context(format!("unable to connect: `{}`", self.socket.display())),
            })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))?;
        let answer = sender.send_request(request).await.context("the run did not answer")?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        if status.is_success() { Ok(bytes) } else { Err(refused(status, &bytes)) }
    }
}

fn refused(status: StatusCode, bytes: &[u8]) -> anyhow::Error {
    match serde_json::from_slice::<ApiError>(bytes) {
        Ok(error) => anyhow::anyhow!("{}", error.message),
        Err(_) => anyhow::anyhow!("the run answered {status}"),
    }
}

/// A value as a query string carries it.
pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// The one policy that a text names: a whole id, or the end of exactly one.
pub(crate) fn only(ids: &[String], text: &str) -> anyhow::Result<String> {
    if ids.iter().any(|id| id == text) {
        return Ok(text.to_owned());
    }
    let tail = |id: &&String| id.strip_suffix(text).is_some_and(|head| head.ends_with('/'));
    let found: Vec<&String> = ids.iter().filter(tail).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => bail!("no such policy: `{text}`, hint: `podwall status` lists them"),
        several => {
            let names: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            bail!("several policies end so: `{text}`, hint: write one of {}", names.join(", "))
        }
    }
}
