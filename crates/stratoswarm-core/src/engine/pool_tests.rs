use std::{collections::BTreeSet, sync::Arc, task::Waker};

use proptest::prelude::*;

use super::{
    pool::{Own, Pool, TicketId, Wakers},
    slots::Slot,
};

fn pool(capacity: u64, minima: &[u64]) -> (Pool, Vec<Slot>) {
    let mut pool = Pool::new(capacity);
    let open = |minimum: &u64| pool.open(&Arc::from("channel"), *minimum).unwrap().0;
    let slots = minima.iter().map(open).collect();
    (pool, slots)
}

fn give_back(pool: &mut Pool, slot: Slot, bytes: u64) -> usize {
    let mut wakers = Wakers::new();
    pool.give_back(slot, bytes, &mut wakers);
    pool.check();
    wakers.len()
}

#[test]
fn minima_are_kept_and_the_rest_is_for_the_first_to_come() {
    let (mut pool, slots) = pool(100, &[20, 30]);
    assert!(pool.try_charge(slots[0], 70));
    assert!(!pool.try_charge(slots[0], 1));
    assert!(pool.try_charge(slots[1], 30) && !pool.try_charge(slots[1], 1));
    assert_eq!(pool.open(&Arc::from("channel"), 51).err(), Some(101));
    pool.check();
}

#[test]
fn who_needs_what_is_shared_waits_in_one_line() {
    let (mut pool, slots) = pool(100, &[10, 10, 10]);
    assert!(pool.try_charge(slots[0], 80));
    let large = pool.wait(slots[1], 60, Waker::noop());
    let small = pool.wait(slots[2], 11, Waker::noop());
    assert_eq!(give_back(&mut pool, slots[0], 49), 0, "50 are lacking, and nobody overtakes");
    assert!(pool.try_charge(slots[0], 0), "nothing is nobody's");
    assert_eq!(give_back(&mut pool, slots[0], 1), 1);
    assert!(pool.is_granted(slots[1], large) && !pool.is_granted(slots[2], small));
    assert!(pool.cancel(slots[1], large, &mut Wakers::new()).is_none());
    assert!(pool.is_granted(slots[2], small), "what was granted to one that gives up is the next one's");
    pool.check();
}

#[test]
fn who_has_room_of_its_own_is_held_up_by_its_own_alone() {
    let (mut pool, slots) = pool(100, &[0, 10]);
    assert!(pool.try_charge(slots[0], 90));
    let _stuck = pool.wait(slots[0], 90, Waker::noop());
    assert!(pool.try_charge(slots[1], 10));
    let first = pool.wait(slots[1], 10, Waker::noop());
    let second = pool.wait(slots[1], 1, Waker::noop());
    assert_eq!(give_back(&mut pool, slots[1], 5), 0, "the first needs 10");
    assert_eq!(give_back(&mut pool, slots[1], 5), 1);
    assert!(pool.is_granted(slots[1], first) && !pool.is_granted(slots[1], second));
}

#[test]
fn what_is_larger_than_all_there_could_be_comes_in_alone() {
    let (mut pool, slots) = pool(100, &[40, 40]);
    assert!(pool.try_charge(slots[0], 1) && pool.try_charge(slots[1], 40));
    let large = pool.wait(slots[0], 200, Waker::noop());
    assert_eq!(give_back(&mut pool, slots[0], 1), 1, "the others have nothing but their own");
    assert_eq!(pool.fetch(slots[0], large, Waker::noop()).ok(), Some(200));
    assert_eq!(give_back(&mut pool, slots[1], 40), 0);
    assert!(pool.try_charge(slots[1], 40) && !pool.try_charge(slots[1], 1), "what is theirs stays so");
    let other = pool.wait(slots[1], 61, Waker::noop());
    assert_eq!(give_back(&mut pool, slots[1], 40), 0);
    assert_eq!(give_back(&mut pool, slots[0], 200), 1);
    assert!(pool.is_granted(slots[1], other));
}

#[test]
fn a_minimum_is_there_when_the_others_have_given_it_back() {
    let (mut pool, slots) = pool(100, &[0]);
    assert!(pool.try_charge(slots[0], 90));
    let (late, _) = pool.open(&Arc::from("late"), 50).unwrap();
    assert!(pool.try_charge(late, 10) && !pool.try_charge(late, 1));
    let waits = pool.wait(late, 10, Waker::noop());
    assert_eq!(give_back(&mut pool, slots[0], 9), 0);
    assert!(!pool.try_charge(slots[0], 1), "what is given back is the other one's");
    assert_eq!(give_back(&mut pool, slots[0], 1), 1);
    assert!(pool.is_granted(late, waits));
    assert_eq!(give_back(&mut pool, slots[0], 80), 0);
    assert!(pool.try_charge(slots[0], 50) && !pool.try_charge(slots[0], 1));
    assert!(pool.try_charge(late, 30));
}

#[test]
fn an_account_that_closes_leaves_its_minimum_and_the_last_charge_takes_it_along() {
    let (mut pool, slots) = pool(100, &[60, 40]);
    assert!(pool.try_charge(slots[0], 20));
    let (mut wakers, first) = (Wakers::new(), pool.wait(slots[0], 60, Waker::noop()));
    pool.close(slots[0], &mut wakers);
    assert_eq!(wakers.len(), 1, "nobody waits any more");
    assert!(pool.fetch(slots[0], first, Waker::noop()).is_err());
    pool.check();
    assert!(pool.try_charge(slots[1], 80) && !pool.try_charge(slots[1], 1));
    pool.leave(slots[0], &mut wakers);
    assert_eq!(pool.figures().1.len(), 1);
    give_back(&mut pool, slots[0], 20);
    assert_eq!(
        pool.open(&Arc::from("again"), 60).ok().map(|(slot, _)| slot),
        Some(slots[0]),
        "its number is free"
    );
    pool.check();
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Open(u64),
    Close(usize),
    Leave(usize),
    Charge(usize, u64),
    GiveBack(usize),
    Fetch(usize),
    Cancel(usize),
    Permit(usize, u64),
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || prop_oneof![4 => 0..12u64, 2 => 10..50u64, 1 => 50..200u64];
    prop_oneof![
        2 => prop_oneof![Just(0), 1..60u64].prop_map(Op::Open),
        1 => any::<usize>().prop_map(Op::Close),
        1 => any::<usize>().prop_map(Op::Leave),
        12 => (any::<usize>(), bytes()).prop_map(|(at, bytes)| Op::Charge(at, bytes)),
        10 => any::<usize>().prop_map(Op::GiveBack),
        4 => any::<usize>().prop_map(Op::Fetch),
        2 => any::<usize>().prop_map(Op::Cancel),
        1 => (any::<usize>(), bytes()).prop_map(|(at, bytes)| Op::Permit(at, bytes)),
    ]
}

/// One of them, and its place.
fn one<T: Clone>(of: &[T], at: usize) -> Option<(usize, T)> {
    let place = at.checked_rem(of.len())?;
    Some((place, of[place].clone()))
}

const CAPACITY: u64 = 100;

proptest! {
    /// What is charged never exceeds what there is, but for what came in alone or with a permit; what can be granted is; every
    /// minimum is usable; and all balances.
    #[test]
    fn charges_are_bounded_and_nobody_waits_for_what_is_free(ops in prop::collection::vec(op(), 1..150)) {
        let mut pool = Pool::new(CAPACITY);
        let mut slots: Vec<(Slot, u64, Arc<Own>)> = Vec::new();
        let mut charges: Vec<(Slot, u64, bool, Arc<Own>)> = Vec::new();
        let mut tickets: Vec<(Slot, TicketId, u64)> = Vec::new();
        let mut alone: BTreeSet<TicketId> = BTreeSet::new();
        for op in ops {
            let mut wakers = Wakers::new();
            let before = tickets.iter().filter(|(slot, ticket, _)| pool.is_granted(*slot, *ticket)).count();
            let mut fetched = 0;
            let largest: Vec<_> = tickets.iter().map(|(slot, ..)| pool.largest(*slot)).collect();
            let waited: Vec<_> = tickets.iter().copied().zip(largest).collect();
            match op {
                Op::Open(minimum) => {
                    let promised: u64 = slots.iter().map(|(_, minimum, _)| minimum).sum();
                    let opened = pool.open(&Arc::from("channel"), minimum);
                    prop_assert_eq!(opened.is_ok(), promised + minimum <= CAPACITY);
                    slots.extend(opened.map(|(slot, own)| (slot, minimum, own)).ok());
                }
                Op::Close(at) | Op::Leave(at) => {
                    let Some((place, (slot, ..))) = one(&slots, at) else { continue };
                    tickets.retain(|(of, ..)| *of != slot); // they are woken, and come to nothing
                    slots.remove(place);
                    if matches!(op, Op::Close(_)) {
                        pool.close(slot, &mut wakers);
                        wakers.clear();
                    }
                    pool.leave(slot, &mut wakers);
                }
                Op::Charge(at, bytes) => {
                    let Some((_, (slot, _, own))) = one(&slots, at) else { continue };
                    let largest = pool.largest(slot);
                    if own.try_charge(bytes) || pool.try_charge(slot, bytes) {
                        charges.push((slot, bytes, bytes > largest, own));
                    } else {
                        let ticket = pool.charge_or_wait(slot, bytes, Waker::noop());
                        prop_assert!(ticket.is_err(), "it found no room just before");
                        tickets.extend(ticket.err().map(|ticket| (slot, ticket, bytes)));
                    }
                }
                Op::GiveBack(at) => {
                    let Some((place, (slot, bytes, _, own))) = one(&charges, at) else { continue };
                    charges.remove(place);
                    if !own.try_give_back(bytes) {
                        pool.give_back(slot, bytes, &mut wakers);
                    }
                }
                Op::Fetch(at) => {
                    let Some((place, (slot, ticket, bytes))) = one(&tickets, at) else { continue };
                    let granted = pool.is_granted(slot, ticket);
                    let got = pool.fetch(slot, ticket, Waker::noop());
                    prop_assert_eq!(got.as_ref().ok(), granted.then_some(&bytes));
                    if granted {
                        tickets.remove(place);
                        let own = slots.iter().find(|(of, ..)| *of == slot).map(|(.., own)| Arc::clone(own));
                        charges.extend(own.map(|own| (slot, bytes, alone.contains(&ticket), own)));
                        fetched = 1;
                    }
                }
                Op::Cancel(at) => {
                    let Some((place, (slot, ticket, _))) = one(&tickets, at) else { continue };
                    fetched = usize::from(pool.is_granted(slot, ticket));
                    tickets.remove(place);
                    pool.cancel(slot, ticket, &mut wakers);
                }
                Op::Permit(at, bytes) => {
                    let Some((_, (slot, _, own))) = one(&slots, at) else { continue };
                    if own.try_charge(8) || pool.try_charge(slot, 8) {
                        pool.exchange(slot, 8, bytes, &mut wakers);
                        charges.push((slot, bytes, true, own));
                    }
                }
            }
            let lone = waited.iter().filter(|((slot, ticket, bytes), largest)| {
                pool.is_granted(*slot, *ticket) && (bytes > largest || *bytes > pool.largest(*slot))
            });
            alone.extend(lone.map(|((_, ticket, _), _)| *ticket));
            pool.check();
            if matches!(op, Op::Close(_) | Op::Leave(_)) {
                continue; // others than those with tickets are woken, too
            }
            let granted: Vec<_> =
                tickets.iter().filter(|(slot, ticket, _)| pool.is_granted(*slot, *ticket)).collect();
            prop_assert_eq!(wakers.len(), granted.len() + fetched - before, "who is granted something is woken");
            let used = charges.iter().map(|(_, bytes, ..)| bytes).chain(granted.iter().map(|it| &it.2)).sum::<u64>();
            prop_assert_eq!(pool.used_by_all(), used);
            // What came in alone or with a permit may be too much; what else there is fits.
            let excess = charges.iter().map(|(_, bytes, excess, _)| (*bytes, *excess));
            let excess = excess.chain(granted.iter().map(|it| (it.2, alone.contains(&it.1))));
            let extra: u64 = excess.filter(|(_, excess)| *excess).map(|(bytes, _)| bytes).sum();
            prop_assert!(used <= CAPACITY + extra, "{} of {}", used, CAPACITY);
        }
        for (slot, bytes, _, own) in charges.drain(..) {
            if !own.try_give_back(bytes) {
                pool.give_back(slot, bytes, &mut Wakers::new());
            }
        }
        // Nobody waits for ever: what is granted is given back, and the next come.
        while !tickets.is_empty() {
            let place = tickets.iter().position(|(slot, ticket, _)| pool.is_granted(*slot, *ticket));
            let Some(place) = place else { return Err(TestCaseError::fail("somebody is left waiting")) };
            let (slot, ticket, bytes) = tickets.remove(place);
            prop_assert_eq!(pool.fetch(slot, ticket, Waker::noop()).ok(), Some(bytes));
            pool.give_back(slot, bytes, &mut Wakers::new());
            pool.check();
        }
        prop_assert_eq!(pool.used_by_all(), 0);
        for (slot, minimum, own) in slots {
            prop_assert!(own.try_charge(minimum) || pool.try_charge(slot, minimum), "every minimum is there");
        }
    }
}
