//! Who may ask over TCP: the browser or command that knows the token, on this machine, by this
//! address. Another local process gets 401, another site's page nothing.
//!
//! A browser shows the token once, in the printed address, and gets a cookie for it that no script
//! reads and that no other site's request carries.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::refusal::Refusal;

/// The name of the cookie. Not `__Host-`, which browsers take over TLS alone.
const COOKIE: &str = "podwall";

/// What every answer carries: no script or style but our own files, no frame around us, no guess
/// of a type, no address told to others, nothing kept by a cache.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Lets a request through, or says why not.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let answer = match admit(&app.token, request.method(), request.uri(), request.headers()) {
        Ok(Admission::Known) => next.run(request).await,
        Ok(Admission::Welcome(address)) => welcome(&app.token, &address),
        Err(refusal) => refusal.into_response(),
    };
    with_headers(answer)
}

/// How a request is let in.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    /// It carries the token.
    Known,
    /// It brings the token in its address: it gets the cookie, and the address without the token.
    Welcome(String),
}

fn admit(
    token: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Admission, Refusal> {
    own_host(headers)?;
    if method.is_safe() {
        if let Some(rest) = token_of(uri, token) {
            return Ok(Admission::Welcome(rest));
        }
    } else {
        own_site(headers)?;
    }
    if bears(headers, token) || holds(headers, token) {
        return Ok(Admission::Known);
    }
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "token_missing",
        "no valid token, hint: open the address that `podwall status` prints, or send it as \
         `Authorization: Bearer`",
    ))
}

/// A page of another name that leads to this machine (DNS rebinding) is not ours to serve.
fn own_host(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let name = host.map(|host| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    });
    let ours = name.is_some_and(|name| {
        name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
    });
    if ours && hosts.next().is_none() {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "foreign_host",
        "this address is not served under that name, hint: use 127.0.0.1 or localhost",
    ))
}

/// A change is asked for by our own page or by a program that is no browser.
fn own_site(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let from_here = site.is_none_or(|site| site == "same-origin");
    let origin = text(header::ORIGIN);
    let host = text(header::HOST).unwrap_or_default();
    let same = origin.is_none_or(|origin| {
        origin.strip_prefix("http://").is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    });
    if from_here && same {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "changes are taken from Podwall's own page only",
    ))
}

/// The address without the token, if it has the right one.
fn token_of(uri: &Uri, token: &str) -> Option<String> {
    let query = uri.query()?;
    let mut rest = Vec::new();
    let mut known = false;
    for part in query.split('&') {
        match part.strip_prefix("token=") {
            Some(given) if same(given.as_bytes(), token.as_bytes()) => known = true,
            Some(_) => return None,
            None => rest.push(part),
        }
    }
    // The path alone: an address that begins with two slashes would lead elsewhere.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    let address = if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) };
    known.then_some(address)
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    value
        .and_then(|value| value.strip_prefix(b"Bearer "))
        .is_some_and(|given| same(given, token.as_bytes()))
}

fn holds(headers: &HeaderMap, token: &str) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).any(|cookie| {
        let given = cookie.trim().split_once('=').filter(|(name, _)| *name == COOKIE);
        given.is_some_and(|(_, given)| same(given.as_bytes(), token.as_bytes()))
    })
}

/// Takes equally long wherever the two differ.
fn same(given: &[u8], token: &[u8]) -> bool {
    given.len() == token.len()
        && given.iter().zip(token).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn welcome(token: &str, address: &str) -> Response {
    let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/");
    (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, address.to_owned())])
        .into_response()
}

fn with_headers(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn ask(method: &Method, address: &str, headers: &[(&str, &str)]) -> Result<Admission, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        admit(TOKEN, method, &address.parse().unwrap(), &map)
            .map_err(|refusal| refusal.code().to_owned())
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:4280");
    const BEARER: (&str, &str) = ("authorization", "Bearer 0123456789abcdef");

    #[test]
    fn without_a_token_nobody_is_let_in() {
        assert_eq!(ask(&Method::GET, "/", &[HOST]), Err("token_missing".into()));
        let wrong = [HOST, ("authorization", "Bearer 0123456789abcdeX")];
        assert_eq!(ask(&Method::GET, "/", &wrong), Err("token_missing".into()));
        let short = [HOST, ("cookie", "podwall=0123")];
        assert_eq!(ask(&Method::GET, "/", &short), Err("token_missing".into()));
        assert_eq!(ask(&Method::GET, "/?token=no", &[HOST, BEARER]), Ok(Admission::Known));
    }

    #[test]
    fn the_token_is_taken_as_a_bearer_or_a_cookie() {
        assert_eq!(ask(&Method::GET, "/api/v1/status", &[HOST, BEARER]), Ok(Admission::Known));
        let cookie = [HOST, ("cookie", "a=b; podwall=0123456789abcdef")];
        assert_eq!(ask(&Method::GET, "/", &cookie), Ok(Admission::Known));
    }

    #[test]
    fn the_token_in_the_address_is_taken_once_and_taken_out_of_it() {
        let welcome = |address: &str| Ok(Admission::Welcome(address.into()));
        assert_eq!(ask(&Method::GET, "/?token=0123456789abcdef", &[HOST]), welcome("/"));
        let deep = "/flows?a=1&token=0123456789abcdef&b=2";
        assert_eq!(ask(&Method::GET, deep, &[HOST]), welcome("/flows?a=1&b=2"));
        let away = "//evil.example/?token=0123456789abcdef";
        assert_eq!(ask(&Method::GET, away, &[HOST]), welcome("/evil.example/"));
        let write = ask(&Method::PUT, "/?token=0123456789abcdef", &[HOST]);
        assert_eq!(write, Err("token_missing".into()));
    }

    #[test]
    fn another_name_for_this_machine_is_refused() {
        for host in ["evil.example:4280", "127.0.0.1.evil.example", "[::2]:4280", "", "localhost."]
        {
            let asked = ask(&Method::GET, "/", &[("host", host), BEARER]);
            assert_eq!(asked, Err("foreign_host".into()), "{host}");
        }
        assert_eq!(ask(&Method::GET, "/", &[BEARER]), Err("foreign_host".into()));
        assert_eq!(ask(&Method::GET, "/", &[HOST, HOST, BEARER]), Err("foreign_host".into()));
        for host in ["localhost", "LocalHost:1", "[::1]:4280", "127.0.0.1"] {
            assert!(ask(&Method::GET, "/", &[("host", host), BEARER]).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_change_from_another_site_is_refused() {
        let put = |more: &[(&str, &str)]| ask(&Method::PUT, "/", &[&[HOST, BEARER], more].concat());
        assert!(put(&[]).is_ok(), "a command sends neither header");
        let own = [("origin", "http://127.0.0.1:4280"), ("sec-fetch-site", "same-origin")];
        assert!(put(&own).is_ok());
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
        ] {
            assert_eq!(put(&[(name, value)]), Err("cross_site".into()), "{name}: {value}");
        }
    }
}
