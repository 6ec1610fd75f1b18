//! One question, and the answers of several groups.

use crate::fixtures::{Number, channel, park, put, ready, take, woken};
use std::time::Duration;
use stratoswarm_core::{
    Ask, Channel, Delivery, Fabric, Gathered, Gathering, Message, NoReply, Priority, Receiver, ReplyOutcome,
    RequestError, Stage, TryRecvError,
};
use tokio::time::{Instant, advance};
use tokio_test::task::{self, Spawn};

const SECOND: Duration = Duration::from_secs(1);

fn groups<const COUNT: usize>(channel: &Channel<Number>, names: [&str; COUNT]) -> [Receiver<Number>; COUNT] {
    names.map(|name| channel.join(name))
}

fn request(member: &mut Receiver<Number>) -> Delivery<Number> {
    let delivery = member.try_recv().expect("it is asked");
    assert!(delivery.is_request());
    delivery
}

type Asked<'a> = Spawn<Gathering<'a, Number, Number>>;

fn asked(gathering: Gathering<'_, Number, Number>) -> Asked<'_> {
    let mut asked = task::spawn(gathering);
    park(&mut asked);
    asked
}

fn replies(gathered: &Gathered<u64>) -> Vec<(&str, u64)> {
    gathered.replies.iter().map(|(group, reply)| (group.as_str(), *reply)).collect()
}

#[test]
fn each_group_is_asked_once_and_the_replies_have_their_names() {
    let channel = channel(4);
    let [mut a, mut b, mut c] = groups(&channel, ["a", "b", "c"]);
    let mut other_a = channel.join("a");
    let mut asking = asked(channel.request_all(Number(7)));
    assert_eq!(channel.len(), 1, "one message, in one place");
    put(&channel, [8]);
    let first = request(&mut a);
    assert_eq!((first.seq(), first.0), (0, 7));
    assert_eq!(take(&mut other_a), 8, "one member of a group");
    assert_eq!(request(&mut c).reply(3), ReplyOutcome::Received);
    assert_eq!(first.reply(1), ReplyOutcome::Received);
    assert!(!asking.is_woken(), "nothing to look at yet");
    assert_eq!(request(&mut b).reply(2), ReplyOutcome::Received);
    let gathered = woken(&mut asking).unwrap();
    assert_eq!(replies(&gathered), [("c", 3), ("a", 1), ("b", 2)], "in the order in which they came");
    assert!(gathered.missing.is_empty());
    assert!(asking.poll().is_pending(), "polled after it was ready");
    let counts = channel.info().requests;
    assert_eq!((counts.asked, counts.answered), (1, 1));
}

#[test]
fn observers_see_a_question_to_all_as_a_message() {
    let channel = channel(4);
    let mut subscriber = channel.subscribe();
    let [mut a, mut b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)));
    assert_eq!(subscriber.try_recv(), Ok(Number(7)));
    request(&mut a).reply(1);
    request(&mut b).reply(2);
    assert_eq!(woken(&mut asking).unwrap().replies.len(), 2);
}

#[test]
fn a_question_to_all_goes_by_its_lane_and_is_found_in_each_when_a_group_goes() {
    let channel =
        Fabric::new().channel::<Number>("numbers").lane(Priority::Critical, 2).capacity(2).open().unwrap();
    let [mut a, _b] = groups(&channel, ["a", "b"]);
    let mut bulk = asked(channel.request_all(Number(7)));
    let mut urgent = asked(channel.request_all(Number(8)).priority(Priority::Critical));
    for number in [8, 7] {
        let delivery = request(&mut a);
        assert_eq!(delivery.0, number, "the urgent one first");
        assert_eq!(delivery.reply(number), ReplyOutcome::Received);
    }
    assert!(!bulk.is_woken() && !urgent.is_woken());
    channel.remove_group("b");
    for asking in [&mut bulk, &mut urgent] {
        assert_eq!(woken(asking).unwrap().missing, ["b"]);
    }
    let dropped = asked(channel.request_all(Number(9)).priority(Priority::Critical));
    drop(dropped);
    assert_eq!(a.try_recv().err(), Some(TryRecvError::Empty), "given up in its lane");
}

// ---- enough

#[test]
fn a_quorum_is_ready_with_its_last_reply_and_names_the_missing() {
    let channel = channel(4);
    let [mut a, mut b, mut c, mut d] = groups(&channel, ["a", "b", "c", "d"]);
    let mut asking = asked(channel.request_all(Number(7)).quorum(2));
    let late = request(&mut a);
    request(&mut b).reply(2);
    assert!(!asking.is_woken());
    request(&mut c).reply(3);
    assert!(asking.is_woken());
    assert_eq!(late.reply(1), ReplyOutcome::TooLate(1), "though the caller has not looked");
    let gathered = ready(&mut asking).unwrap();
    assert_eq!(replies(&gathered), [("b", 2), ("c", 3)]);
    assert_eq!(gathered.missing, ["a", "d"]);
    drop(asking);
    assert_eq!(request(&mut d).reply(4), ReplyOutcome::TooLate(4), "it has it to do, as with any request");
}

#[test]
fn a_quorum_that_cannot_come_any_more_fails_at_once() {
    let channel = channel(4);
    let [mut a, mut b, mut c] = groups(&channel, ["a", "b", "c"]);
    let mut asking = asked(channel.request_all(Number(7)).quorum(2));
    request(&mut a).reply(1);
    drop(request(&mut b));
    assert!(!asking.is_woken(), "the third may still answer");
    drop(request(&mut c));
    assert_eq!(woken(&mut asking), Err(RequestError::NoQuorum { got: 1, wanted: 2 }));
    assert_eq!(channel.info().requests.unanswered, 1);
}

#[test]
fn a_quorum_of_more_than_there_are_groups_asks_nobody() {
    let channel = channel(4);
    let [mut a] = groups(&channel, ["a"]);
    let mut asking = task::spawn(channel.request_all(Number(7)).quorum(2));
    assert_eq!(ready(&mut asking), Err(RequestError::NoQuorum { got: 0, wanted: 2 }));
    assert_eq!(a.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn a_quorum_of_none_asks_and_does_not_wait() {
    let channel = channel(4);
    let [mut a] = groups(&channel, ["a"]);
    let mut asking = task::spawn(channel.request_all(Number(7)).quorum(0));
    assert_eq!(ready(&mut asking).unwrap().missing, ["a"]);
    assert_eq!(request(&mut a).reply(1), ReplyOutcome::TooLate(1));
}

#[test]
fn the_first_replies_are_enough_and_so_are_all_that_can_come() {
    let channel = channel(4);
    let [mut a, mut b, mut c] = groups(&channel, ["a", "b", "c"]);
    let mut asking = asked(channel.request_all(Number(7)).first(1));
    request(&mut b).reply(2);
    assert_eq!(replies(&woken(&mut asking).unwrap()), [("b", 2)]);
    drop((a.try_recv(), c.try_recv()));
    let mut asking = asked(channel.request_all(Number(7)).first(3));
    drop(request(&mut a));
    request(&mut b).reply(2);
    request(&mut c).reply(3);
    let gathered = woken(&mut asking).unwrap();
    assert_eq!(replies(&gathered), [("b", 2), ("c", 3)]);
    assert_eq!(gathered.missing, ["a"]);
}

// ---- groups that do not answer

#[test]
fn a_group_whose_responder_is_dropped_is_missing_at_once() {
    let channel = channel(4);
    let [mut a, mut b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)));
    request(&mut a).reply(1);
    let (_, responder) = request(&mut b).into_parts();
    assert!(!asking.is_woken());
    drop(responder);
    let gathered = woken(&mut asking).unwrap();
    assert_eq!(replies(&gathered), [("a", 1)]);
    assert_eq!(gathered.missing, ["b"]);
}

#[test]
fn a_group_that_is_removed_before_it_took_the_question_is_missing_at_once() {
    for pulled in [false, true] {
        let channel = channel(4);
        let [mut a, mut b] = groups(&channel, ["a", "b"]);
        put(&channel, [1]);
        let mut asking = asked(channel.request_all(Number(7)));
        if pulled {
            assert_eq!(take(&mut b), 1); // and the question is in its inbox
        }
        assert_eq!(take(&mut a), 1);
        request(&mut a).reply(1);
        assert!(!asking.is_woken());
        channel.remove_group("b");
        let gathered = woken(&mut asking).unwrap();
        assert_eq!(gathered.missing, ["b"], "in its inbox: {pulled}");
    }
}

#[test]
fn a_group_that_is_removed_with_the_question_in_hand_may_answer() {
    let channel = channel(4);
    let [mut a, mut b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)));
    request(&mut a).reply(1);
    let in_hand = request(&mut b);
    channel.remove_group("b");
    assert!(!asking.is_woken());
    assert_eq!(in_hand.reply(2), ReplyOutcome::Received);
    assert_eq!(woken(&mut asking).unwrap().replies.len(), 2);
}

#[test]
fn an_ephemeral_group_that_goes_is_missing() {
    let channel = channel(4);
    let [mut a] = groups(&channel, ["a"]);
    let b = channel.group("b").ephemeral().join().unwrap();
    let mut asking = asked(channel.request_all(Number(7)));
    request(&mut a).reply(1);
    drop(b);
    assert_eq!(woken(&mut asking).unwrap().missing, ["b"]);
}

#[test]
fn a_group_that_comes_later_is_not_asked() {
    let channel = channel(4);
    let [mut a] = groups(&channel, ["a"]);
    let mut asking = asked(channel.request_all(Number(7)));
    let mut late = channel.group("late").from_oldest().join().unwrap();
    let message = late.try_recv().unwrap();
    assert_eq!((message.0, message.is_request()), (7, false), "a message to it");
    assert_eq!(message.reply(9), ReplyOutcome::NotAsked(9));
    request(&mut a).reply(1);
    let gathered = woken(&mut asking).unwrap();
    assert_eq!((replies(&gathered), gathered.missing.len()), (vec![("a", 1)], 0));
}

#[test]
fn a_group_of_the_same_name_as_one_that_went_is_not_asked_again() {
    let channel = channel(4);
    let [mut a, b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)));
    drop(b);
    channel.remove_group("b");
    let mut again = channel.group("b").from_oldest().join().unwrap();
    assert!(!again.try_recv().unwrap().is_request());
    request(&mut a).reply(1);
    assert_eq!(woken(&mut asking).unwrap().missing, ["b"]);
}

#[test]
fn a_question_to_all_in_a_batch_is_each_groups_own() {
    let channel = channel(4);
    let [mut a, mut b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)));
    put(&channel, [8]);
    for (member, reply) in [(&mut a, 1), (&mut b, 2)] {
        let mut batch = Vec::new();
        assert_eq!(ready(&mut task::spawn(Box::pin(member.recv_many(&mut batch, 8)))), 2);
        assert_eq!(batch.remove(0).reply(reply), ReplyOutcome::Received);
    }
    assert_eq!(replies(&woken(&mut asking).unwrap()), [("a", 1), ("b", 2)]);
}

// ---- the deadline

#[tokio::test(start_paused = true)]
async fn at_the_deadline_too_few_are_no_quorum() {
    let channel = channel(4);
    let [mut a, mut b, _c] = groups(&channel, ["a", "b", "c"]);
    for quorum in [false, true] {
        let gathering = channel.request_all(Number(7)).timeout(SECOND);
        let mut asking = asked(if quorum { gathering.quorum(2) } else { gathering });
        let late = request(&mut a);
        assert_eq!(late.deadline(), Some(Instant::now() + SECOND));
        request(&mut b).reply(2);
        advance(SECOND).await;
        assert_eq!(late.reply(1), ReplyOutcome::TooLate(1), "though the caller has not looked");
        let wanted = if quorum { 2 } else { 3 };
        assert_eq!(ready(&mut asking), Err(RequestError::NoQuorum { got: 1, wanted }));
    }
    assert_eq!(channel.info().requests.expired, 2);
}

#[tokio::test(start_paused = true)]
async fn what_came_until_the_deadline_is_the_result_if_that_is_asked_for() {
    let channel = channel(4);
    let [mut a, mut b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)).quorum(2).until_deadline().timeout(SECOND));
    request(&mut a).reply(1);
    advance(SECOND).await;
    let gathered = ready(&mut asking).unwrap();
    assert_eq!(replies(&gathered), [("a", 1)]);
    assert_eq!(gathered.missing, ["b"]);
    assert_eq!(b.try_recv().err(), Some(TryRecvError::Empty), "no handler gets it any more");
    let mut asking = asked(channel.request_all(Number(7)).until_deadline().timeout(SECOND));
    advance(SECOND).await;
    assert_eq!(ready(&mut asking).unwrap().missing, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_question_to_all_expires_in_the_stage_it_has_come_to() {
    let channel = channel(1);
    let mut asking = asked(channel.request_all(Number(7)).timeout(SECOND));
    advance(SECOND).await;
    let unserved = ready(&mut asking);
    assert!(matches!(unserved, Err(RequestError::Expired { stage: Stage::Unserved, .. })), "{unserved:?}");
    let [mut a] = groups(&channel, ["a"]);
    put(&channel, [1]);
    let mut asking = asked(channel.request_all(Number(7)).timeout(SECOND));
    advance(SECOND).await;
    let full = ready(&mut asking);
    assert!(matches!(full, Err(RequestError::Expired { stage: Stage::Sending, .. })), "{full:?}");
    assert_eq!(take(&mut a), 1);
    assert_eq!(a.try_recv().err(), Some(TryRecvError::Empty));
    let mut asking = task::spawn(channel.request_all(Number(7)).deadline(Instant::now()));
    assert!(matches!(ready(&mut asking), Err(RequestError::Expired { stage: Stage::Sending, .. })));
}

#[test]
fn a_question_to_all_expires_outside_tokio() {
    let channel = channel(1);
    let _groups = groups(&channel, ["a", "b"]);
    let result = channel.request_all(Number(7)).timeout(Duration::from_millis(5)).blocking();
    assert_eq!(result, Err(RequestError::NoQuorum { got: 0, wanted: 2 }));
}

// ---- its way in, and back

#[test]
fn a_question_to_all_waits_for_a_group_and_for_room() {
    let channel = channel(1);
    let mut asking = asked(channel.request_all(Number(7)));
    assert_eq!(channel.len(), 0, "it takes no place");
    let [mut a] = groups(&channel, ["a"]);
    put(&channel, []);
    assert!(asking.is_woken());
    park(&mut asking);
    let mut next = asked(channel.request_all(Number(8)));
    let [mut b] = groups(&channel, ["b"]);
    request(&mut a).reply(1);
    assert_eq!(woken(&mut asking).unwrap().replies.len(), 1, "b was not there");
    assert!(next.is_woken());
    park(&mut next);
    request(&mut a).reply(1);
    request(&mut b).reply(2);
    assert_eq!(woken(&mut next).unwrap().replies.len(), 2, "as of its admission");
}

#[test]
fn a_question_to_all_that_is_dropped_frees_its_place_and_tells_its_handlers() {
    let channel = channel(1);
    let [mut a, mut b] = groups(&channel, ["a", "b"]);
    let asking = asked(channel.request_all(Number(7)));
    let (_, mut reply) = request(&mut a).into_parts();
    assert!(reply.is_wanted());
    {
        let mut closed = task::spawn(Box::pin(reply.closed()));
        park(&mut closed);
        drop(asking);
        woken(&mut closed);
    }
    assert_eq!(reply.send(1), ReplyOutcome::TooLate(1));
    put(&channel, [8]); // in its place
    assert_eq!(take(&mut b), 8);
    assert_eq!(channel.info().requests.abandoned, 1);
    let waiting = asked(channel.request_all(Number(9)));
    drop(waiting);
    assert_eq!(take(&mut a), 8);
    assert_eq!(a.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn a_closed_channel_is_asked_nothing() {
    let channel = channel(1);
    let _groups = groups(&channel, ["a"]);
    put(&channel, [1]);
    let mut asking = asked(channel.request_all(Number(7)));
    channel.close();
    assert_eq!(woken(&mut asking), Err(RequestError::Closed));
    assert_eq!(ready(&mut task::spawn(channel.request_all(Number(7)))), Err(RequestError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_a_question_to_all() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").no_default_timeout().open().unwrap();
    let [mut a, _b] = groups(&channel, ["a", "b"]);
    let mut asking = asked(channel.request_all(Number(7)));
    let in_hand = request(&mut a);
    let report = fabric.shutdown(SECOND).await;
    assert!(!report.is_clean());
    assert_eq!(ready(&mut asking), Err(RequestError::Closed));
    assert_eq!(in_hand.reply(1), ReplyOutcome::TooLate(1));
}

#[test]
fn an_answer_of_another_type_to_a_question_to_all_is_an_error() {
    #[derive(Clone)]
    struct Query;
    impl Message for Query {
        type Reply = NoReply;
    }
    struct Count;
    impl Ask<Query> for Count {
        type Reply = u64;
        fn into_message(self) -> Query {
            Query
        }
    }
    let channel = Fabric::new().channel::<Query>("queries").open().unwrap();
    let (mut a, mut b) = (channel.join("a"), channel.join("b"));
    let mut asking = task::spawn(channel.request_all(Count));
    park(&mut asking);
    assert_eq!(a.try_recv().unwrap().into_raw_parts().1.typed::<u64>().send(1), ReplyOutcome::Received);
    let _detached = b.try_recv().unwrap().into_raw_parts().1.typed::<String>();
    assert_eq!(woken(&mut asking), Err(RequestError::WrongReplyType));
}

#[test]
fn a_group_for_which_the_clone_panics_is_missing() {
    #[derive(Debug)]
    struct Once(bool);
    impl Clone for Once {
        fn clone(&self) -> Self {
            assert!(!self.0, "as the test wants it");
            Self(self.0)
        }
    }
    impl Message for Once {
        type Reply = u64;
    }
    crate::fixtures::panics();
    let channel = Fabric::new().channel::<Once>("once").open().unwrap();
    let (mut a, mut b) = (channel.join("a"), channel.join("b"));
    let mut asking = task::spawn(channel.request_all(Once(true)));
    park(&mut asking);
    assert!(a.try_recv().is_err());
    assert_eq!(b.try_recv().unwrap().reply(2), ReplyOutcome::Received);
    let gathered = woken(&mut asking).unwrap();
    assert_eq!((gathered.replies, gathered.missing), (vec![("b".to_owned(), 2)], vec!["a".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_questions_to_all_are_each_answered_by_all() {
    let channel = Fabric::new().channel::<Number>("numbers").capacity(2).open().unwrap();
    for (name, factor) in [("a", 1), ("b", 2), ("c", 3)] {
        for _ in 0..2 {
            let mut member = channel.join(name);
            tokio::spawn(async move {
                while let Some(delivery) = member.recv().await {
                    let reply = factor * delivery.0;
                    delivery.reply(reply);
                }
            });
        }
    }
    let callers = (0..4).map(|caller| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for n in 0..500 {
                let number = 1_000 * caller + n;
                let mut gathered = channel.request_all(Number(number)).await.unwrap();
                gathered.replies.sort();
                let expected = [("a", number), ("b", 2 * number), ("c", 3 * number)];
                assert_eq!(replies(&gathered), expected);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
