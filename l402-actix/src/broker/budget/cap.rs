//! How many calls a minute a merchant lets be made to the broker.

/// How many calls a minute may be made to the broker; see
/// [`L402Config::broker_budget`](crate::L402Config::broker_budget).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerBudget(Cap);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cap {
    ByBroker,
    PerMinute(u32),
    Unlimited,
}

impl BrokerBudget {
    /// What the broker allows: it says with each reply what is left of the account's minute,
    /// whichever process or machine has used the rest. As long as it does not say, 100 calls a
    /// minute are counted here. The default.
    #[must_use]
    pub const fn by_broker() -> Self {
        Self(Cap::ByBroker)
    }

    /// The same, as if the broker allowed this process so many calls in any 60 seconds, at least 2;
    /// fewer count as 2. For an API key that something else needs too.
    #[must_use]
    pub const fn per_minute(calls: u32) -> Self {
        Self(Cap::PerMinute(if calls < 2 { 2 } else { calls }))
    }

    /// No limit, whatever the broker says. Whoever asks without paying can then use up the broker's
    /// own limit, and those who have paid are refused with them.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self(Cap::Unlimited)
    }

    /// `None` without a limit.
    pub(super) fn cap(self) -> Option<u32> {
        match self.0 {
            Cap::ByBroker => Some(u32::MAX),
            Cap::PerMinute(calls) => Some(calls),
            Cap::Unlimited => None,
        }
    }
}

impl Default for BrokerBudget {
    fn default() -> Self {
        Self::by_broker()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_less_than_two_calls_is_one_of_two() {
        for (calls, cap) in [(0, 2), (1, 2), (2, 2), (3, 3), (100, 100)] {
            assert_eq!(BrokerBudget::per_minute(calls).cap(), Some(cap));
        }
    }
}
