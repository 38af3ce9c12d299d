//! The sockets: TCP on the loopback for the page, a private unix socket for commands.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fs, net};

use anyhow::{Context, bail};
use tokio::net::UnixListener;

/// Where the page is unless somebody says otherwise.
pub(crate) const DEFAULT_PORT: u16 = 4280;

/// Binds the page's socket. Without a wish the usual port is taken, or any free one.
pub(crate) fn bind_page(wish: Option<SocketAddr>) -> anyhow::Result<net::TcpListener> {
    let usual = SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT));
    let address = wish.unwrap_or(usual);
    if !address.ip().is_loopback() {
        bail!(
            "not a loopback address: `{address}`, hint: the page is for this machine alone; write \
             127.0.0.1:PORT or [::1]:PORT"
        );
    }
    let listener = match net::TcpListener::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && wish.is_none() => {
            net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        }
        bound => bound,
    };
    let listener = listener.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port in use: `{address}`, hint: give another with --listen, or --listen \
             127.0.0.1:0 for any free one"
        ),
        _ => anyhow::Error::new(error).context(format!("unable to listen: `{address}`")),
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Binds a unix socket that only its owner can use. What a killed run left at the path is replaced:
/// the lock of the state directory says that nobody listens there.
pub(crate) fn bind_private(path: &Path) -> anyhow::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).context("unable to remove the old socket");
        }
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    // The directory is for its owner alone already; this holds where somebody made it wider.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
