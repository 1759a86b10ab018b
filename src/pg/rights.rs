//! The rights of a session's user, as the users file says them now: a reload reaches open sessions.

use std::fmt;
use std::sync::Arc;

use super::server::Shared;
use crate::engine::{Allowed, Rights};

pub struct UserRights {
    shared: Arc<Shared>,
    user: String,
}

impl UserRights {
    pub fn new(shared: &Arc<Shared>, user: &str) -> Self {
        Self { shared: Arc::clone(shared), user: user.to_owned() }
    }
}

impl fmt::Debug for UserRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRights").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Rights for UserRights {
    fn now(&self) -> Allowed {
        self.shared.access().allowed(&self.user)
    }
}
