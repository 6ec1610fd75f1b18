use std::{convert::Infallible, future::pending, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Body, Routes,
    connections::{Asked, Connections},
    wire::Wire,
};

/// The most connections at once.
const CONNECTIONS: usize = 128;
/// A request's head has to be there after this time.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// The most bytes of a head.
const HEAD_BYTES: usize = 16 << 10;
/// What waits to be read has to be read on within this time.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// An answer that is no stream has to be read whole within this time.
const WHOLE_WITHIN: Duration = Duration::from_secs(60);
/// After a connection could not be accepted, as where there are too many open files.
const BREATH: Duration = Duration::from_millis(100);

/// Where it is listened.
#[derive(Debug)]
pub(crate) struct Listeners {
    tcp: Option<TcpListener>,
    #[cfg(unix)]
    socket: Option<UnixListener>,
}

impl Listeners {
    /// At these, which do not block; inside of a runtime.
    pub(crate) fn new(
        tcp: Option<std::net::TcpListener>,
        #[cfg(unix)] socket: Option<std::os::unix::net::UnixListener>,
    ) -> io::Result<Self> {
        Ok(Self {
            tcp: tcp.map(TcpListener::from_std).transpose()?,
            #[cfg(unix)]
            socket: socket.map(UnixListener::from_std).transpose()?,
        })
    }
}

/// A connection.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How far a connection is.
#[derive(Debug, PartialEq)]
enum Stage {
    Silent,
    Answered,
    Streams,
}

/// Answers for ever.
pub(crate) async fn serve(listeners: Listeners, routes: Routes) {
    let (mut connections, mut tasks) = (Connections::new(CONNECTIONS), JoinSet::new());
    let routes = Arc::new(routes);
    loop {
        let accepted = tokio::select! {
            accepted = accept_tcp(listeners.tcp.as_ref()) => accepted,
            accepted = accept_local(&listeners) => accepted,
            Some(_) = tasks.join_next() => continue,
        };
        let Ok((stream, local)) = accepted else {
            sleep(BREATH).await;
            continue;
        };
        if connections.make_room() {
            let asked = Asked::default();
            let task = tasks.spawn(answer(stream, Arc::clone(&routes), asked.clone(), local));
            connections.add(task, asked);
        } // else it is closed
    }
}

/// A connection, and the address that was connected to, if it has one.
type Accepted = io::Result<(Box<dyn Stream>, Option<SocketAddr>)>;

async fn accept_tcp(listener: Option<&TcpListener>) -> Accepted {
    let Some(listener) = listener else { return pending().await };
    let (stream, _) = listener.accept().await?;
    let _ = stream.set_nodelay(true); // if it is closed already, that is seen soon
    let local = stream.local_addr().or_else(|_| listener.local_addr())?;
    Ok((Box::new(stream), Some(local)))
}

#[cfg(unix)]
async fn accept_local(listeners: &Listeners) -> Accepted {
    let Some(listener) = &listeners.socket else { return pending().await };
    Ok((Box::new(listener.accept().await?.0), None))
}

#[cfg(not(unix))]
async fn accept_local(_: &Listeners) -> Accepted {
    pending().await
}

/// Answers one request.
async fn answer(stream: Box<dyn Stream>, routes: Arc<Routes>, asked: Asked, local: Option<SocketAddr>) {
    let (stage, mut staged) = watch::channel(Stage::Silent);
    let service = service_fn(|request: Request<Incoming>| {
        asked.set();
        stage.send_replace(Stage::Answered);
        let (routes, stage) = (&routes, &stage);
        async move {
            let response: Response<Body> = routes.answer(&request, local).await.into();
            if matches!(response.body(), Body::Events(_)) {
                stage.send_replace(Stage::Streams);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let limit = async {
        if timeout(HEAD_WITHIN, staged.wait_for(|stage| *stage != Stage::Silent)).await.is_ok()
            && timeout(WHOLE_WITHIN, staged.wait_for(|stage| *stage == Stage::Streams)).await.is_ok()
        {
            pending::<()>().await; // whoever does not read it is found out at the wire
        }
    };
    let mut http = http1::Builder::new();
    http.keep_alive(false).header_read_timeout(None).max_buf_size(HEAD_BYTES);
    tokio::select! {
        _ = http.serve_connection(Wire::new(stream, READ_WITHIN), service) => {}
        () = limit => {}
    }
}
