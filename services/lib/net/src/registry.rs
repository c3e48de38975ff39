//! The connections of one listener.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry as Slot, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;
use tokio::task::{AbortHandle, Id};

use crate::activity::{Activity, Idle, Overdue};
use crate::limits::Limits;

/// The number of candidates that are selected at a time when room is needed. The selection iterates over all
/// connections.
const LOOKED_OUT: usize = 64;

/// All open connections of a listener. It decides which one to close.
pub(crate) struct Registry {
    port: &'static str,
    limits: Limits,
    open: HashMap<Id, Open>,
    addresses: HashMap<IpAddr, usize>,
    /// The oldest connections without a request at the time of the last selection, oldest first.
    oldest: VecDeque<(Idle, Id)>,
}

/// An open connection.
pub(crate) struct Open {
    /// The address that it is counted under.
    pub(crate) counted: Option<IpAddr>,
    pub(crate) activity: Arc<Activity>,
    /// Tells it to close gracefully.
    pub(crate) farewell: Arc<Notify>,
    /// Closes it immediately.
    pub(crate) task: AbortHandle,
    /// Since when it is closing.
    pub(crate) ending: Option<Instant>,
}

impl Registry {
    pub(crate) fn new(port: &'static str, limits: Limits) -> Self {
        Self { port, limits, open: HashMap::new(), addresses: HashMap::new(), oldest: VecDeque::new() }
    }

    /// Whether one more connection can be accepted.
    pub(crate) fn has_place(&self) -> bool {
        self.open.len() < self.limits.places
    }

    /// Returns the address that a new peer is counted under.
    ///
    /// # Errors
    /// The address has its maximum number of connections.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<Option<IpAddr>, ()> {
        let counted = self.limits.counted(address);
        let taken = counted.and_then(|counted| self.addresses.get(&counted)).copied().unwrap_or_default();
        if taken < self.limits.per_address {
            return Ok(counted);
        }
        self.ended("address");
        Err(())
    }

    /// Adds a connection, and makes room for the next one.
    pub(crate) fn enter(&mut self, connection: Open) {
        if let Some(counted) = connection.counted {
            *self.addresses.entry(counted).or_default() += 1;
        }
        let id = connection.task.id();
        self.open.insert(id, connection);
        self.gauge();
        if !self.has_place() {
            self.make_room(Some(id));
        }
    }

    /// Removes a connection that was closed.
    pub(crate) fn left(&mut self, id: Id) {
        let Some(open) = self.open.remove(&id) else { return };
        if open.activity.is_flooded() {
            self.ended("flood");
        }
        if open.activity.has_no_handshake() {
            self.ended("handshake");
        }
        if let Some(counted) = open.counted
            && let Slot::Occupied(mut count) = self.addresses.entry(counted)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        self.gauge();
    }

    /// Closes the oldest connection without a request in progress, preferably one that never had a request. `newest`
    /// was just accepted and has not had time to send one.
    pub(crate) fn make_room(&mut self, newest: Option<Id>) {
        if self.oldest.is_empty() {
            self.look_out();
        }
        while let Some((idle, id)) = self.oldest.pop_front() {
            let Some(open) = self.open.get_mut(&id) else { continue };
            if newest == Some(id) || open.ending.is_some() || open.activity.idle() != Some(idle) {
                continue;
            }
            open.end();
            if !idle.served {
                open.task.abort();
            }
            return self.ended("full");
        }
    }

    fn look_out(&mut self) {
        let idle = self.open.iter().filter(|(_, open)| open.ending.is_none());
        let mut idle: Vec<_> = idle.filter_map(|(id, open)| Some((open.activity.idle()?, *id))).collect();
        if idle.len() > LOOKED_OUT {
            idle.select_nth_unstable_by_key(LOOKED_OUT, |(idle, _)| *idle);
            idle.truncate(LOOKED_OUT);
        }
        idle.sort_unstable_by_key(|(idle, _)| *idle);
        self.oldest = idle.into();
    }

    /// Closes all overdue connections.
    pub(crate) fn look(&mut self, now: Instant) {
        let patience = self.limits.patience;
        let mut overdue = Vec::new();
        for open in self.open.values_mut() {
            let why = open.activity.overdue(now, &patience);
            match (why, open.ending) {
                // A peer that does not receive its answer would not receive a GOAWAY either.
                (Some(Overdue::Slow), _) => open.task.abort(),
                (Some(_), None) => open.end(),
                // Its requests in progress are finished first.
                (_, Some(since)) if open.activity.idle().is_some() => {
                    if now.saturating_duration_since(since) > patience.farewell {
                        open.task.abort();
                    }
                    continue;
                }
                _ => continue,
            }
            overdue.extend(why);
        }
        for why in overdue {
            self.ended(match why {
                Overdue::Silent => "silent",
                Overdue::Idle => "idle",
                Overdue::Slow => "slow",
            });
        }
    }

    /// Tells all connections to close gracefully.
    pub(crate) fn end_all(&mut self) {
        self.open.values_mut().for_each(Open::end);
    }

    fn ended(&self, why: &'static str) {
        metrics::counter!("usher_connections_ended_total", "port" => self.port, "why" => why).increment(1);
    }

    fn gauge(&self) {
        let open = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        metrics::gauge!("usher_connections", "port" => self.port).set(open);
    }
}

impl Open {
    fn end(&mut self) {
        self.ending.get_or_insert_with(Instant::now);
        self.farewell.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    const PER_ADDRESS: usize = 3;

    fn registry(places: usize) -> Registry {
        let limits = Limits { places, per_address: PER_ADDRESS, ..Limits::default() };
        Registry::new("test", limits)
    }

    fn enter(
        registry: &mut Registry,
        tasks: &mut JoinSet<()>,
        address: &str,
    ) -> (Arc<Activity>, AbortHandle) {
        let activity = Arc::new(Activity::new(Instant::now()));
        let task = tasks.spawn(std::future::pending());
        registry.enter(Open {
            counted: registry.admit(address.parse().unwrap()).unwrap(),
            activity: Arc::clone(&activity),
            farewell: Arc::default(),
            task: task.clone(),
            ending: None,
        });
        (activity, task)
    }

    /// Removes the connections that were closed.
    async fn tidy(registry: &mut Registry, tasks: &mut JoinSet<()>) {
        while let Ok(Some(ended)) =
            tokio::time::timeout(std::time::Duration::from_millis(50), tasks.join_next_with_id()).await
        {
            registry.left(ended.map_or_else(|error| error.id(), |(id, ())| id));
        }
    }

    #[tokio::test]
    async fn a_connection_beyond_the_maximum_closes_the_oldest_that_never_had_a_request() {
        let (mut registry, mut tasks) = (registry(4), JoinSet::new());
        let (served, _) = enter(&mut registry, &mut tasks, "127.0.0.1");
        drop(served.begin());
        let (busy, _) = enter(&mut registry, &mut tasks, "127.0.0.1");
        let _under_way = busy.begin();
        let (_, silent) = enter(&mut registry, &mut tasks, "127.0.0.1");
        let (_, newer) = enter(&mut registry, &mut tasks, "127.0.0.1");

        tidy(&mut registry, &mut tasks).await;

        assert!(registry.has_place());
        assert!(silent.is_finished() && !newer.is_finished());
    }

    #[tokio::test]
    async fn connections_with_a_request_under_way_are_never_ended_for_another() {
        let (mut registry, mut tasks) = (registry(2), JoinSet::new());
        let (first, _) = enter(&mut registry, &mut tasks, "127.0.0.1");
        let _first = first.begin();
        let (second, _) = enter(&mut registry, &mut tasks, "127.0.0.1");
        let _second = second.begin();

        registry.make_room(None);
        tidy(&mut registry, &mut tasks).await;

        assert!(!registry.has_place());
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_no_more_until_it_closes_some() {
        let (mut registry, mut tasks) = (registry(100), JoinSet::new());
        let mut opened: Vec<_> =
            (0..PER_ADDRESS).map(|_| enter(&mut registry, &mut tasks, "192.0.2.1").1).collect();

        assert!(registry.admit("192.0.2.1".parse().unwrap()).is_err());
        assert!(registry.admit("192.0.2.2".parse().unwrap()).is_ok());

        opened.pop().unwrap().abort();
        tidy(&mut registry, &mut tasks).await;
        assert!(registry.admit("192.0.2.1".parse().unwrap()).is_ok());

        tasks.abort_all();
        tidy(&mut registry, &mut tasks).await;
        assert!(registry.addresses.is_empty(), "an address is forgotten when its connections are closed");
    }
}
