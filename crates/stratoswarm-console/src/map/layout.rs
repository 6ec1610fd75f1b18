use std::collections::VecDeque;

/// A place for each box of a graph: in layers from left to right, so that most lines go that way, and lines that go back pass
/// below. After Sugiyama, Tagawa and Toda (1981): cycles are cut, layers are longest paths, within a layer each box stands near the
/// middle of its neighbours.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) boxes: Vec<Placed>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Where a box stands: its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) x: u32,
    pub(super) y: u32,
}

pub(super) const WIDTH: u32 = 150;
pub(super) const HEIGHT: u32 = 40;
const GAP_X: u32 = 90;
const GAP_Y: u32 = 16;
const MARGIN: u32 = 34;
/// Between two lines that go back.
const LANE: u32 = 12;
/// How often the order within the layers is made better.
const SWEEPS: usize = 6;

impl Layout {
    /// Of so many boxes, with a line from each first to each second.
    pub(super) fn new(boxes: usize, lines: &[(usize, usize)]) -> Self {
        let forward = without_cycles(boxes, lines);
        let layer_of = layers(boxes, &forward);
        let count = layer_of.iter().map(|layer| layer + 1).max().unwrap_or(0);
        let mut layers = vec![Vec::new(); count];
        for (one, layer) in layer_of.iter().enumerate() {
            layers[*layer].push(one);
        }
        order(&mut layers, boxes, lines);
        let tallest = layers.iter().map(Vec::len).max().unwrap_or(0) as u32;
        let mut placed = vec![Placed { x: 0, y: 0 }; boxes];
        for (at, layer) in layers.iter().enumerate() {
            let above = (tallest - layer.len() as u32) * (HEIGHT + GAP_Y) / 2;
            for (row, one) in layer.iter().enumerate() {
                let x = MARGIN + at as u32 * (WIDTH + GAP_X);
                placed[*one] = Placed { x, y: MARGIN + above + row as u32 * (HEIGHT + GAP_Y) };
            }
        }
        let back = lines.iter().filter(|line| goes_back(&placed, **line)).count() as u32;
        let width = (count as u32 * (WIDTH + GAP_X)).saturating_sub(GAP_X) + 2 * MARGIN;
        let height = (tallest * (HEIGHT + GAP_Y)).saturating_sub(GAP_Y) + 2 * MARGIN + back * LANE;
        Self { boxes: placed, width, height }
    }

    /// The paths of these lines, as SVG writes them.
    pub(super) fn paths(&self, lines: &[(usize, usize)]) -> Vec<String> {
        let mut floor = self.height - MARGIN / 3;
        let path = |line: &(usize, usize)| {
            let (from, to) = (self.boxes[line.0], self.boxes[line.1]);
            let (x1, y1) = (from.x + WIDTH, from.y + HEIGHT / 2);
            let (x2, y2) = (to.x, to.y + HEIGHT / 2);
            if goes_back(&self.boxes, *line) {
                let (right, left, below) = (x1 + GAP_X / 3, x2.saturating_sub(GAP_X / 3), floor);
                floor = floor.saturating_sub(LANE);
                let down = format!("M{x1} {y1}C{right} {y1} {right} {below} {x1} {below}");
                format!("{down}L{x2} {below}C{left} {below} {left} {y2} {x2} {y2}")
            } else {
                let bend = (x2 - x1) / 2;
                format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend)
            }
        };
        lines.iter().map(path).collect()
    }
}

fn goes_back(placed: &[Placed], (from, to): (usize, usize)) -> bool {
    placed[to].x < placed[from].x + WIDTH
}

/// Those lines that close no cycle, going through the boxes in their order.
fn without_cycles(boxes: usize, lines: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let next = neighbours(boxes, lines.iter().copied());
    let mut state = vec![State::New; boxes];
    let mut forward = Vec::new();
    for start in 0..boxes {
        let mut way = vec![(start, 0)];
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        while let Some((one, at)) = way.last_mut() {
            let Some(&other) = next[*one].get(*at) else {
                state[*one] = State::Done;
                way.pop();
                continue;
            };
            let line = (*one, other);
            *at += 1;
            if state[other] != State::Open {
                forward.push(line);
            }
            if state[other] == State::New {
                state[other] = State::Open;
                way.push((other, 0));
            }
        }
    }
    forward
}

/// The longest path to each box; one to which none leads stands close to what it leads to.
fn layers(boxes: usize, forward: &[(usize, usize)]) -> Vec<usize> {
    let next = neighbours(boxes, forward.iter().copied());
    let mut before = vec![0; boxes];
    for (_, to) in forward {
        before[*to] += 1;
    }
    let is_first: Vec<_> = before.iter().map(|before| *before == 0).collect();
    let mut layer = vec![0_usize; boxes];
    let mut ready: VecDeque<_> = (0..boxes).filter(|one| is_first[*one]).collect();
    while let Some(one) = ready.pop_front() {
        for &other in &next[one] {
            layer[other] = layer[other].max(layer[one] + 1);
            before[other] -= 1;
            if before[other] == 0 {
                ready.push_back(other);
            }
        }
    }
    for one in (0..boxes).filter(|one| is_first[*one]) {
        let nearest = next[one].iter().map(|other| layer[*other]).min();
        layer[one] = nearest.map_or(0, |nearest| nearest.saturating_sub(1));
    }
    layer
}

/// Puts each box near the middle of its neighbours, again and again.
fn order(layers: &mut [Vec<usize>], boxes: usize, lines: &[(usize, usize)]) {
    let both = lines.iter().flat_map(|(from, to)| [(*from, *to), (*to, *from)]);
    let near = neighbours(boxes, both);
    let mut place = vec![0.0; boxes];
    for _ in 0..SWEEPS {
        for layer in &mut *layers {
            let middle = (layer.len() as f64 - 1.0) / 2.0;
            for (row, one) in layer.iter().enumerate() {
                place[*one] = row as f64 - middle;
            }
        }
        for layer in &mut *layers {
            let mean = |one: &usize| match &near[*one] {
                near if near.is_empty() => place[*one],
                near => near.iter().map(|other| place[*other]).sum::<f64>() / near.len() as f64,
            };
            layer.sort_by(|one, other| mean(one).total_cmp(&mean(other)));
        }
    }
}

fn neighbours(boxes: usize, lines: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); boxes];
    for (from, to) in lines.filter(|(from, to)| from != to) {
        if !next[from].contains(&to) {
            next[from].push(to);
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaps(layout: &Layout) -> bool {
        let boxes = &layout.boxes;
        let apart = |a: &Placed, b: &Placed| a.x.abs_diff(b.x) >= WIDTH || a.y.abs_diff(b.y) >= HEIGHT;
        boxes.iter().enumerate().any(|(at, one)| boxes[at + 1..].iter().any(|other| !apart(one, other)))
    }

    #[test]
    fn lines_go_to_the_right_unless_they_close_a_cycle() {
        let lines = [(0, 1), (1, 2), (3, 1), (1, 4), (2, 5), (5, 0)];
        let layout = Layout::new(6, &lines);
        assert!(!overlaps(&layout), "{layout:?}");
        let back: Vec<_> = lines.iter().filter(|line| goes_back(&layout.boxes, **line)).collect();
        assert_eq!(back, [&(5, 0)]);
        let paths = layout.paths(&lines);
        assert!(paths.iter().all(|path| path.starts_with('M') && !path.contains('-')), "{paths:?}");
        assert!(layout.boxes.iter().all(|it| it.x + WIDTH < layout.width && it.y + HEIGHT < layout.height));
    }

    #[test]
    fn whoever_leads_to_one_box_stands_before_it() {
        let layout = Layout::new(4, &[(0, 1), (1, 2), (3, 2)]);
        assert_eq!(layout.boxes[3].x, layout.boxes[1].x);
    }

    #[test]
    fn any_graph_has_a_layout() {
        for (boxes, lines) in [
            (0, vec![]),
            (1, vec![(0, 0)]),
            (2, vec![(0, 1), (1, 0)]),
            (3, vec![(0, 1), (0, 1), (1, 2), (2, 0), (2, 2)]),
        ] {
            let layout = Layout::new(boxes, &lines);
            assert!(!overlaps(&layout));
            assert_eq!(layout.paths(&lines).len(), lines.len());
        }
        // All to all, from a row of pseudo-random numbers.
        let mut seed = 1_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize % below as usize
        };
        let lines: Vec<_> = (0..400).map(|_| (next(60), next(60))).collect();
        let layout = Layout::new(60, &lines);
        assert!(!overlaps(&layout));
        assert!(layout.paths(&lines).iter().all(|path| !path.contains('-')));
    }
}
