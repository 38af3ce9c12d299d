//! The socket that the agent talks to: lines in become events, messages out become lines.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use podwall_wire::node::{LINE_LIMIT_BYTES, ToAgent, ToControl, decode, encode};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::app::App;
use crate::event::Event;
use crate::listener::bind_private;

/// Listens; each agent that connects takes the place of the one before.
pub(crate) fn listen(app: Arc<App>, path: &Path) -> anyhow::Result<()> {
    let listener = bind_private(path)
        .with_context(|| format!("unable to listen for the agent: `{}`", path.display()))?;
    tokio::spawn(accept(app, listener));
    Ok(())
}

async fn accept(app: Arc<App>, listener: UnixListener) {
    let mut before: Option<tokio::task::JoinHandle<()>> = None;
    while let Ok((stream, _)) = listener.accept().await {
        if let Some(before) = before.take() {
            before.abort();
            let _ = before.await;
        }
        let app = app.clone();
        before = Some(tokio::spawn(async move {
            if let Err(error) = serve(&app, stream).await {
                tracing::warn!("the stream of the agent ended: {error:#}");
            }
            let _ = app.events.send(Event::AgentDisconnected).await;
        }));
    }
}

async fn serve(app: &App, stream: UnixStream) -> anyhow::Result<()> {
    let (read, mut write) = stream.into_split();
    // Each message holds the whole wanted state: the newest matters and the others do not.
    let (sender, mut messages) = watch::channel::<Option<ToAgent>>(None);
    app.events.send(Event::AgentConnected(sender)).await?;
    let mut reader = BufReader::new(read);
    let speak = async {
        while messages.changed().await.is_ok() {
            let line = messages.borrow_and_update().as_ref().map(encode).transpose()?;
            write.write_all(&line.unwrap_or_default()).await?;
        }
        anyhow::Ok(())
    };
    let hear = async {
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = LINE_LIMIT_BYTES as u64;
            (&mut reader).take(limit).read_until(b'\n', &mut line).await?;
            if line.is_empty() {
                return anyhow::Ok(());
            }
            anyhow::ensure!(line.ends_with(b"\n"), "a line without an end");
            let message: ToControl = decode(&line)?;
            app.events.send(Event::AgentSaid(Box::new(message))).await?;
        }
    };
    tokio::select! {
        result = speak => result,
        result = hear => result,
    }
}
