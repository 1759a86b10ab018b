//! Java's `PriorityQueue`, whose inner order Paimon lets show: it is the order in which the sorted runs of
//! a section are read one after the other.

use std::cmp::Ordering;

/// A binary heap that holds its elements in the places in which Java's does.
#[derive(Debug)]
pub struct JavaHeap<T, F> {
    elements: Vec<T>,
    compare: F,
}

impl<T, F: Fn(&T, &T) -> Ordering> JavaHeap<T, F> {
    pub fn new(compare: F) -> Self {
        Self { elements: Vec::new(), compare }
    }

    /// `add`: the element rises from the last place.
    pub fn add(&mut self, element: T) {
        self.elements.push(element);
        let mut place = self.elements.len() - 1;
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.order(place, parent).is_ge() {
                break;
            }
            self.elements.swap(place, parent);
            place = parent;
        }
    }

    /// `poll`: the last element takes the first place and sinks.
    pub fn poll(&mut self) -> Option<T> {
        if self.elements.is_empty() {
            return None;
        }
        let least = self.elements.swap_remove(0);
        let (mut place, count) = (0, self.elements.len());
        while place < count / 2 {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let child = if right < count && self.order(left, right).is_gt() { right } else { left };
            if self.order(place, child).is_le() {
                break;
            }
            self.elements.swap(place, child);
            place = child;
        }
        Some(least)
    }

    /// The elements in the places in which they are.
    pub fn into_elements(self) -> Vec<T> {
        self.elements
    }

    fn order(&self, a: usize, b: usize) -> Ordering {
        match (self.elements.get(a), self.elements.get(b)) {
            (Some(a), Some(b)) => (self.compare)(a, b),
            _ => Ordering::Equal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heap(elements: &[i32]) -> JavaHeap<i32, fn(&i32, &i32) -> Ordering> {
        let mut heap = JavaHeap::new(Ord::cmp as fn(&i32, &i32) -> Ordering);
        elements.iter().for_each(|element| heap.add(*element));
        heap
    }

    /// As `java.util.PriorityQueue.toString` prints them.
    #[test]
    fn elements_lie_where_java_puts_them() {
        let mut heap = heap(&[5, 3, 8, 1, 9, 2]);
        assert_eq!(heap.elements, [1, 3, 2, 5, 9, 8]);
        assert_eq!(heap.poll(), Some(1));
        assert_eq!(heap.elements, [2, 3, 8, 5, 9]);
        heap.add(1);
        assert_eq!(heap.into_elements(), [1, 3, 2, 5, 9, 8]);
    }

    #[test]
    fn the_least_comes_first() {
        let mut heap = heap(&[4, 7, 4, 1, 0, 9]);
        let polled: Vec<i32> = std::iter::from_fn(|| heap.poll()).collect();
        assert_eq!(polled, [0, 1, 4, 4, 7, 9]);
    }
}
