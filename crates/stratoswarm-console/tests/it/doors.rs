//! Names, tokens, methods, paths.

use stratoswarm_console::Console;
use stratoswarm_core::Fabric;

use crate::client::{console, get, send};

#[test]
fn only_requests_for_this_server_are_answered() {
    let fabric = Fabric::new();
    let (_console, address) = console(&fabric);
    let port = address.port();
    let asked = |host: &str| send(address, &["GET /snapshot.json HTTP/1.1", &format!("Host: {host}")]).status;
    for ours in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(asked(&ours), 200, "{ours}");
    }
    for other in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "localhost".to_owned(), String::new()]
    {
        assert_eq!(asked(&other), 403, "{other}");
    }
    assert_eq!(send(address, &["GET /snapshot.json HTTP/1.1"]).status, 403);
    assert_eq!(send(address, &["GET /snapshot.json HTTP/1.0"]).status, 403);
}

#[test]
fn names_that_were_allowed_are_answered_to() {
    let fabric = Fabric::new();
    let console = Console::of(&fabric).listen("127.0.0.1:0").allow_host("Swarm.example").without_socket();
    let console = console.start().unwrap();
    let address = console.address().unwrap();
    assert_eq!(send(address, &["GET /snapshot.json HTTP/1.1", "Host: swarm.example"]).status, 200);
    assert_eq!(send(address, &["GET /snapshot.json HTTP/1.1", "Host: www.swarm.example"]).status, 403);
}

#[test]
fn with_a_token_what_there_is_to_see_needs_it() {
    let fabric = Fabric::new();
    let console = Console::of(&fabric).listen("127.0.0.1:0").token("s3cret").without_socket();
    let console = console.start().unwrap();
    let address = console.address().unwrap();
    let asked = |path: &str, more: &str| {
        send(address, &[&format!("GET {path} HTTP/1.1"), &format!("Host: {address}"), more])
    };
    for path in ["/", "/app.js", "/style.css"] {
        assert_eq!(asked(path, "X: y").status, 200, "{path}: it tells nothing, and takes the token");
    }
    for path in ["/snapshot.json", "/explain.json", "/map.dot", "/metrics", "/stream"] {
        let reply = asked(path, "X: y");
        assert_eq!(reply.status, 401, "{path}");
        assert!(reply.head.contains("www-authenticate: bearer"), "{reply:?}");
        assert_eq!(asked(path, "Authorization: Bearer wrong").status, 401, "{path}");
    }
    assert_eq!(asked("/snapshot.json", "Authorization: Bearer s3cret").status, 200);
    assert_eq!(asked("/snapshot.json?token=s3cret", "X: y").status, 404);
}

#[test]
fn only_get_and_head() {
    let fabric = Fabric::new();
    let (_console, address) = console(&fabric);
    let host = format!("Host: {address}");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"] {
        let reply = send(address, &[&format!("{method} /snapshot.json HTTP/1.1"), &host]);
        assert!(matches!(reply.status, 400 | 405), "{method}: {reply:?}");
        assert!(!reply.head.contains("access-control"), "{reply:?}");
    }
    let head = send(address, &["HEAD /snapshot.json HTTP/1.1", &host]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(send(address, &["HEAD /stream HTTP/1.1", &host]).status, 200);
}

#[test]
fn paths_are_fixed() {
    let fabric = Fabric::new();
    let (_console, address) = console(&fabric);
    for path in [
        "/../snapshot.json",
        "/./snapshot.json",
        "//snapshot.json",
        "/snapshot.json/",
        "/snapshot.json/..",
        "/%73napshot.json",
        "/SNAPSHOT.json",
        "/snapshot.json%00",
        "/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/snapshot.json?x",
        "/favicon.ico",
        "*",
        "http://evil.example/snapshot.json",
    ] {
        let reply = get(address, path);
        assert!(matches!(reply.status, 400 | 403 | 404), "{path}: {reply:?}");
    }
}

#[test]
fn browsers_are_told_to_load_nothing_from_elsewhere() {
    let fabric = Fabric::new();
    let (_console, address) = console(&fabric);
    for path in ["/", "/app.js", "/style.css", "/snapshot.json", "/explain.json", "/metrics", "/nowhere"] {
        let head = get(address, path).head;
        for told in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
        ] {
            assert!(head.contains(told), "{path} lacks {told}: {head}");
        }
        assert!(!head.contains("access-control"), "{path}: {head}");
    }
}
