//! Sets of nodes that reach each other and nobody else, and the shortest cycle in one. Nodes are numbers; of each there are those that
//! it leads to, in order.

use std::collections::VecDeque;

/// How many edges are followed in search of a shorter cycle, once there is one.
const EFFORT: usize = 2_000_000;

/// The sets whose members reach each other and nobody else, in the order of their first members.
pub(super) fn sinks(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let of = components(next);
    let count = of.iter().max().map_or(0, |last| last + 1);
    let mut sets = vec![(Vec::new(), true); count];
    for (node, others) in next.iter().enumerate() {
        let (set, is_sink) = &mut sets[of[node]];
        set.push(node);
        // One that leads nowhere is none: it waits for nobody.
        *is_sink &= !others.is_empty() && others.iter().all(|other| of[*other] == of[node]);
    }
    let mut sinks: Vec<_> = sets.into_iter().filter(|(_, is_sink)| *is_sink).map(|(set, _)| set).collect();
    sinks.sort_unstable();
    sinks
}

/// Of each node the number of its strongly connected component, by Tarjan's algorithm (SIAM J. Comput. 1, 1972).
fn components(next: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let (mut number, mut low, mut of) =
        (vec![NONE; next.len()], vec![NONE; next.len()], vec![NONE; next.len()]);
    let (mut numbered, mut found) = (0, 0);
    let (mut open, mut path) = (Vec::new(), Vec::new());
    for start in 0..next.len() {
        if number[start] == NONE {
            path.push((start, 0));
        }
        while let Some((node, at)) = path.last_mut() {
            let node = *node;
            if *at == 0 {
                (number[node], low[node]) = (numbered, numbered);
                numbered += 1;
                open.push(node);
            }
            if let Some(&other) = next[node].get(*at) {
                *at += 1;
                if number[other] == NONE {
                    path.push((other, 0));
                } else if of[other] == NONE {
                    low[node] = low[node].min(number[other]);
                }
                continue;
            }
            path.pop();
            if let Some((before, _)) = path.last() {
                low[*before] = low[*before].min(low[node]);
            }
            if low[node] == number[node] {
                while let Some(member) = open.pop() {
                    of[member] = found;
                    if member == node {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    of
}

/// A cycle in this set, which nothing leads out of: the shortest, unless the set is so large that finding it would take long.
pub(super) fn shortest_cycle(set: &[usize], next: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut best: Option<Vec<usize>> = None;
    let mut left = EFFORT;
    let is_circle = set.iter().all(|node| next[*node].len() == 1); // then there is no other cycle
    // From where a node was reached, how far it is, and in whose search that was.
    let mut came = vec![(0, 0, usize::MAX); next.len()];
    for &start in set {
        let shorter = best.as_ref().map_or(usize::MAX, Vec::len);
        let mut ahead = VecDeque::from([start]);
        came[start] = (start, 1, start);
        'search: while let Some(node) = ahead.pop_front() {
            let (_, far, _) = came[node];
            if far >= shorter {
                break;
            }
            for &other in &next[node] {
                left = left.saturating_sub(1);
                if other == start {
                    let mut cycle = vec![node];
                    while let Some(&last) = cycle.last().filter(|last| **last != start) {
                        cycle.push(came[last].0);
                    }
                    cycle.reverse();
                    best = Some(cycle);
                    break 'search;
                }
                if came[other].2 != start {
                    came[other] = (node, far + 1, start);
                    ahead.push_back(other);
                }
            }
        }
        if best.is_some() && (left == 0 || is_circle) {
            break;
        }
    }
    best
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn reaches(from: usize, to: usize, next: &[Vec<usize>]) -> bool {
        let (mut seen, mut ahead) = (vec![false; next.len()], next[from].clone());
        while let Some(node) = ahead.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                ahead.extend(&next[node]);
            }
        }
        seen[to]
    }

    /// By their definition.
    fn sinks_by_definition(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let nodes = 0..next.len();
        let mut sets: Vec<Vec<usize>> = nodes
            .clone()
            .map(|node| nodes.clone().filter(|other| reaches(node, *other, next)).collect::<Vec<_>>())
            .enumerate()
            .filter(|(node, set)| set.contains(node) && set.iter().all(|other| reaches(*other, *node, next)))
            .map(|(_, set)| set)
            .collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }

    fn is_cycle(cycle: &[usize], next: &[Vec<usize>]) -> bool {
        let following = cycle.iter().cycle().skip(1);
        cycle.iter().zip(following).all(|(node, other)| next[*node].contains(other))
    }

    /// The length of the shortest walk from a node to itself.
    fn shortest(set: &[usize], next: &[Vec<usize>]) -> usize {
        let longer = |reached: &Vec<usize>| reached.iter().flat_map(|node| next[*node].clone()).collect();
        let length = |start: usize| {
            let walks = std::iter::successors(Some(next[start].clone()), |reached: &Vec<usize>| {
                let mut reached: Vec<usize> = longer(reached);
                reached.sort_unstable();
                reached.dedup();
                Some(reached)
            });
            walks.take(next.len()).position(|reached| reached.contains(&start)).map(|steps| steps + 1)
        };
        set.iter().filter_map(|start| length(*start)).min().unwrap()
    }

    proptest::proptest! {
        #[test]
        fn sets_and_cycles_are_as_their_definition_has_them(
            next in proptest::collection::vec(proptest::collection::vec(0..9_usize, 0..3), 9),
        ) {
            let found = sinks(&next);
            proptest::prop_assert_eq!(&found, &sinks_by_definition(&next));
            for set in found {
                let cycle = shortest_cycle(&set, &next).unwrap();
                proptest::prop_assert!(is_cycle(&cycle, &next) && cycle.iter().all(|node| set.contains(node)));
                proptest::prop_assert_eq!(cycle.len(), shortest(&set, &next));
            }
        }
    }

    #[test]
    fn a_large_set_gives_a_cycle_without_a_look_at_all_of_them() {
        let nodes = 20_000;
        let circle: Vec<_> = (0..nodes).map(|node| vec![(node + 1) % nodes]).collect();
        let set: Vec<_> = (0..nodes).collect();
        assert_eq!(sinks(&circle), std::slice::from_ref(&set));
        assert_eq!(shortest_cycle(&set, &circle).map(|cycle| cycle.len()), Some(nodes));
    }
}
