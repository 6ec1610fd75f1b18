use std::net::SocketAddr;

use hyper::{HeaderMap, Method, StatusCode, Uri, header};
use subtle::ConstantTimeEq as _;

use super::Answer;

/// Who may ask: what is looked at before a request is read any further.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// What has to be shown, if anything.
    pub(crate) token: Option<String>,
    /// What the server may be called besides its own address.
    pub(crate) hosts: Vec<String>,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Method,
    Path,
    Host,
    Token,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Method => Self::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered")
                .header(header::ALLOW, "GET, HEAD"),
            Refusal::Path => Self::text(StatusCode::NOT_FOUND, "there is no such page"),
            Refusal::Host => Self::text(
                StatusCode::FORBIDDEN,
                "this server is not called so; see `allow_host` of the console",
            ),
            Refusal::Token => Self::text(StatusCode::UNAUTHORIZED, "a token is needed")
                .header(header::WWW_AUTHENTICATE, "Bearer"),
        }
    }
}

impl Gate {
    /// What a browser on behalf of another page could not send: `local` is the address that was connected to, none of a unix socket,
    /// which permissions guard.
    ///
    /// # Errors
    /// Whoever asks so may not.
    pub(super) fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        local: Option<SocketAddr>,
    ) -> Result<(), Refusal> {
        if method != Method::GET && method != Method::HEAD {
            return Err(Refusal::Method);
        }
        if uri.authority().is_some() || uri.query().is_some() {
            return Err(Refusal::Path);
        }
        let Some(local) = local else { return Ok(()) };
        let mut hosts = headers.get_all(header::HOST).iter();
        let (host, another) = (hosts.next(), hosts.next());
        let is_ours = |host: &str| self.is_ours(host, local);
        if another.is_some() || !host.and_then(|host| host.to_str().ok()).is_some_and(is_ours) {
            return Err(Refusal::Host);
        }
        Ok(())
    }

    /// Whether the token is shown that there is, if there is one.
    ///
    /// # Errors
    /// It is not shown.
    pub(super) fn check_token(&self, headers: &HeaderMap, local: Option<SocketAddr>) -> Result<(), Refusal> {
        let (Some(token), Some(_)) = (&self.token, local) else { return Ok(()) };
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let (one, another) = (shown.next(), shown.next());
        let shown = one.and_then(|value| {
            let (scheme, shown) = value.as_bytes().split_at_checked(b"Bearer ".len())?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(shown)
        });
        match shown {
            Some(shown) if another.is_none() && bool::from(shown.ct_eq(token.as_bytes())) => Ok(()),
            _ => Err(Refusal::Token),
        }
    }

    fn is_ours(&self, host: &str, local: SocketAddr) -> bool {
        let host = host.to_ascii_lowercase();
        let port = local.port();
        let loopback = ["127.0.0.1", "localhost", "[::1]"];
        let with_port = |name: &str| host == format!("{name}:{port}") || (port == 80 && host == name);
        loopback.into_iter().any(with_port)
            || host == local.to_string()
            || self.hosts.iter().any(|name| *name == host || with_port(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(gate: &Gate, method: &str, uri: &str, headers: &[(&str, &str)], local: Option<&str>) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        let local = local.map(|local| local.parse().unwrap());
        let (method, uri) = (method.parse().unwrap(), uri.parse().unwrap());
        let checked = gate.check(&method, &uri, &map, local).and_then(|()| gate.check_token(&map, local));
        checked.err().map_or(200, |refusal| Answer::from(refusal).status().as_u16())
    }

    fn host(gate: &Gate, host: &str, local: &str) -> u16 {
        status(gate, "GET", "/", &[("host", host)], Some(local))
    }

    #[test]
    fn only_names_of_this_server_are_answered_to() {
        let gate = Gate { token: None, hosts: vec!["swarm.example:7878".into(), "proxy.example".into()] };
        let local = "127.0.0.1:7878";
        for ours in [
            "127.0.0.1:7878",
            "localhost:7878",
            "LOCALHOST:7878",
            "[::1]:7878",
            "swarm.example:7878",
            "proxy.example",
            "proxy.example:7878",
        ] {
            assert_eq!(host(&gate, ours, local), 200, "{ours}");
        }
        for other in [
            "evil.example",
            "evil.example:7878",
            "127.0.0.1",
            "localhost",
            "localhost:80",
            "localhost:7878.evil.example",
            "localhost.:7878",
            "127.0.0.1:7878@evil.example",
            "swarm.example",
            "proxy.example:81",
            "0.0.0.0:7878",
            "",
        ] {
            assert_eq!(host(&gate, other, local), 403, "{other}");
        }
        assert_eq!(status(&gate, "GET", "/", &[], Some(local)), 403, "none");
        let two = [("host", local), ("host", "evil.example")];
        assert_eq!(status(&gate, "GET", "/", &two, Some(local)), 403);
        assert_eq!(status(&gate, "GET", "/", &[], None), 200, "a unix socket needs none");
        assert_eq!(host(&gate, "localhost", "127.0.0.1:80"), 200, "80 may be left out");
        assert_eq!(host(&gate, "10.0.0.7:7878", "10.0.0.7:7878"), 200, "what was connected to");
    }

    #[test]
    fn only_get_and_head_of_plain_paths() {
        let gate = Gate::default();
        let of = |method, uri| status(&gate, method, uri, &[("host", "localhost:1")], Some("127.0.0.1:1"));
        assert_eq!((of("GET", "/"), of("HEAD", "/")), (200, 200));
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "BREW"] {
            assert_eq!(of(method, "/"), 405, "{method}");
        }
        assert_eq!(of("GET", "http://localhost:1/"), 404);
        assert_eq!(of("GET", "/snapshot.json?token=secret"), 404, "never in a query");
    }

    #[test]
    fn the_token_is_asked_for_over_tcp() {
        let gate = Gate { token: Some("secret".into()), hosts: Vec::new() };
        let of = |values: &[&str], local: Option<&str>| {
            let mut headers = vec![("host", "localhost:1")];
            headers.extend(values.iter().map(|value| ("authorization", *value)));
            status(&gate, "GET", "/", &headers, local)
        };
        let tcp = Some("127.0.0.1:1");
        assert_eq!((of(&["Bearer secret"], tcp), of(&["bearer secret"], tcp)), (200, 200));
        for wrong in [
            "",
            "secret",
            "Bearer",
            "Bearer ",
            "Bearer secre",
            "Bearer secrets",
            "Bearer Secret",
            "Basic secret",
        ] {
            assert_eq!(of(&[wrong], tcp), 401, "{wrong}");
        }
        assert_eq!((of(&[], tcp), of(&["Bearer secret", "Bearer x"], tcp)), (401, 401));
        assert_eq!(of(&[], None), 200, "its folder's permissions guard the socket");
    }
}
