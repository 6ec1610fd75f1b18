//! In a forked child, the thread that keeps the deadlines is the parent's: requests expire there nevertheless.
#![allow(clippy::print_stdout, reason = "it stands in for the harness, and says as much as that does")]
#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[cfg(unix)]
fn main() {
    use std::{process::exit, thread, time::Duration};

    use fork::{Fork, WEXITSTATUS, WIFEXITED, fork, waitpid};
    use futures::executor::block_on;
    use stratoswarm_core::{Fabric, Message, RequestError};

    #[derive(Clone)]
    struct Ping;
    impl Message for Ping {
        type Reply = ();
    }

    /// Whether a request that nobody answers ends at its deadline, although nobody else wakes this thread.
    fn expires() -> bool {
        let pings = Fabric::new().channel::<Ping>("pings").open().expect("a new name");
        let _idle = pings.join("workers");
        let asked = block_on(pings.request(Ping).timeout(Duration::from_millis(10)));
        matches!(asked, Err(RequestError::Expired { .. }))
    }

    assert!(expires(), "in the parent");
    match fork().expect("it can fork") {
        Fork::Child => {
            thread::spawn(|| {
                thread::park_timeout(Duration::from_secs(20));
                exit(2) // it hangs
            });
            exit(i32::from(!expires()))
        }
        Fork::Parent(child) => {
            let status = waitpid(child).expect("the child ends");
            assert!(WIFEXITED(status) && WEXITSTATUS(status) == 0, "in the child: {status}");
        }
    }
    println!("test a_request_expires_in_a_forked_child ... ok");
}

#[cfg(not(unix))]
fn main() {}
