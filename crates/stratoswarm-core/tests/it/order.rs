//! Order: FIFO per sender, one total order for all readers.

use crate::fixtures::{Number, channel, park, put, read_all, take, take_all, turns, woken};
use tokio_test::task;

#[test]
fn sends_one_after_the_other_arrive_in_order() {
    let channel = channel(1_000);
    let mut receiver = channel.join("workers");
    put(&channel, 0..1_000);
    assert_eq!(take_all(&mut receiver), (0..1_000).collect::<Vec<_>>());
}

#[test]
fn concurrent_sends_of_one_handle_go_in_order_of_first_poll() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut sends: Vec<_> = (1..=5).map(|number| task::spawn(channel.send(Number(number)))).collect();
    for send in &mut sends {
        assert!(send.poll().is_pending());
    }
    let mut taken = Vec::new();
    while taken.len() < 6 {
        taken.extend(take_all(&mut receiver));
        // The last comes first: only the first poll counts.
        for index in (0..sends.len()).rev() {
            if sends[index].poll().is_ready() {
                drop(sends.remove(index));
            }
        }
    }
    assert_eq!(taken, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn waiting_sends_and_permits_and_requests_share_one_line() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut send = task::spawn(channel.send(Number(1)));
    let mut reserve = task::spawn(channel.reserve());
    let mut request = task::spawn(channel.request(Number(3)));
    let mut last = task::spawn(channel.send(Number(4)));
    park(&mut send);
    park(&mut reserve);
    park(&mut request);
    park(&mut last);

    assert_eq!(take(&mut receiver), 0);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(take(&mut receiver), 1);
    woken(&mut reserve).unwrap().send(Number(2));
    assert_eq!(take(&mut receiver), 2);
    assert!(request.is_woken());
    park(&mut request);
    let asked = receiver.try_recv().unwrap();
    assert!(asked.is_request());
    assert_eq!(*asked, Number(3));
    assert_eq!(woken(&mut last), Ok(()));
    assert_eq!(take(&mut receiver), 4);
}

#[test]
fn sequence_numbers_count_up_by_one() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut expected = None;
    for number in 0..100 {
        put(&channel, [number]);
        let seq = receiver.try_recv().unwrap().seq();
        assert_eq!(*expected.get_or_insert(seq), seq);
        expected = Some(seq + 1);
    }
}

#[test]
fn members_take_in_the_total_order() {
    let channel = channel(100);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    let mut observer = channel.subscribe();
    put(&channel, 0..90);
    let mut taken = Vec::new();
    for turn in 0..90 {
        taken.push(take(if turn % 3 == 0 { &mut first } else { &mut second }));
    }
    assert_eq!(taken, read_all(&mut observer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_subscribers_see_one_total_order() {
    const SENDERS: u64 = 4;
    const EACH: u64 = 1_000;
    let channel = channel(7);
    let subscribers: Vec<_> = (0..3)
        .map(|_| {
            let mut subscriber = channel.subscribe();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while let Some(number) = subscriber.recv().await {
                    seen.push(number.0);
                }
                seen
            })
        })
        .collect();
    let members: Vec<_> = (0..2)
        .map(|_| {
            let mut receiver = channel.join("workers");
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(delivery) = receiver.recv().await {
                    taken.push((delivery.seq(), delivery.into_message().0));
                }
                taken
            })
        })
        .collect();
    for sender in 0..SENDERS {
        let channel = channel.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                channel.send(Number(sender * EACH + number)).await.unwrap();
                turns(number % 3).await;
            }
        });
    }
    drop(channel);

    let mut orders = Vec::new();
    for subscriber in subscribers {
        orders.push(subscriber.await.unwrap());
    }
    let mut by_members = Vec::new();
    for member in members {
        let taken = member.await.unwrap();
        assert!(taken.is_sorted(), "a member takes in order");
        by_members.extend(taken);
    }
    by_members.sort_unstable();
    orders.push(by_members.into_iter().map(|(_, number)| number).collect());

    assert_eq!(orders[0].len() as u64, SENDERS * EACH);
    assert!(orders.iter().all(|order| *order == orders[0]), "the readers disagree about the order");
    for sender in 0..SENDERS {
        let own = orders[0].iter().filter(|number| **number / EACH == sender);
        assert!(own.is_sorted(), "sender {sender} was reordered");
    }
}
