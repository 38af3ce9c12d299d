//! Serving: the page and the API over TCP, the API for commands over the unix socket.

use std::net;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::app::App;
use crate::caller::Peer;
use crate::listener::bind_private;
use crate::route;

/// Serves until the process ends.
pub(crate) fn serve(app: &Arc<App>, page: net::TcpListener, socket: &Path) -> anyhow::Result<()> {
    let page = TcpListener::from_std(page).context("unable to serve the page")?;
    let commands = bind_private(socket)
        .with_context(|| format!("unable to listen for commands: `{}`", socket.display()))?;
    let over_tcp = route::over_tcp(app);
    let over_unix = route::over_unix(app);
    tokio::spawn(async move { axum::serve(page, over_tcp).await });
    let over_unix = over_unix.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move { axum::serve(commands, over_unix).await });
    Ok(())
}
