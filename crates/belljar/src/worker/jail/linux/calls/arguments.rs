//! Rules on arguments, where a system call does more than is needed of it.

use seccompiler::{SeccompCmpArgLen as Length, SeccompCmpOp as Compare, SeccompCondition, SeccompRule};

/// The argument at `index` is this number, in its lower 32 bits.
pub(super) fn is(index: u8, value: u64) -> SeccompCondition {
    condition(index, Length::Dword, Compare::Eq, value)
}

/// The argument at `index` is another number.
pub(super) fn is_not(index: u8, value: u64) -> SeccompCondition {
    condition(index, Length::Dword, Compare::Ne, value)
}

/// The argument at `index` is this number, in all its bits.
pub(super) fn is_whole(index: u8, value: u64) -> SeccompCondition {
    condition(index, Length::Qword, Compare::Eq, value)
}

/// The argument at `index` has these bits, of those in `mask`.
pub(super) fn has(index: u8, mask: u64, bits: u64) -> SeccompCondition {
    condition(index, Length::Qword, Compare::MaskedEq(mask), bits)
}

/// Every one of `conditions` holds.
pub(super) fn all(conditions: Vec<SeccompCondition>) -> SeccompRule {
    SeccompRule::new(conditions).expect("every caller gives a condition")
}

/// The argument at `index` is one of these.
pub(super) fn one_of(index: u8, values: &[u64]) -> Vec<SeccompRule> {
    values.iter().map(|value| all(vec![is(index, *value)])).collect()
}

fn condition(index: u8, length: Length, compare: Compare, value: u64) -> SeccompCondition {
    SeccompCondition::new(index, length, compare, value).expect("a call has six arguments, counted from 0")
}
