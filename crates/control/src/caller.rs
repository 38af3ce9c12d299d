//! Who asks: the page, or the user of a command on this machine.

use std::convert::Infallible;

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::serve::IncomingStream;
use nix::unistd::{Uid, User};
use podwall_wire::rest::ChangedBy;
use tokio::net::UnixListener;

/// Who asks, as the log of changes names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) who: String,
    pub(crate) by: ChangedBy,
}

/// The user at the other end of the unix socket, as the kernel says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(Option<u32>);

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Peer {
        Peer(stream.io().peer_cred().ok().map(|cred| cred.uid()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        Ok(match peer {
            Some(ConnectInfo(Peer(uid))) => Caller { who: user(*uid), by: ChangedBy::Command },
            None => Caller { who: "page".to_owned(), by: ChangedBy::Page },
        })
    }
}

fn user(uid: Option<u32>) -> String {
    let Some(uid) = uid else { return "unknown".to_owned() };
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => format!("uid {uid}"),
    }
}
