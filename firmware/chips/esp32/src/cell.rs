//! A static that is filled once at the start. One processor, and no interrupt handler looks at what the main task holds,
//! unless its file says so.
use core::cell::UnsafeCell;

pub struct Place<T>(UnsafeCell<Option<T>>);

unsafe impl<T> Sync for Place<T> {}

impl<T> Place<T> {
    pub const fn empty() -> Self {
        Place(UnsafeCell::new(None))
    }

    pub fn put(&self, value: T) {
        unsafe { *self.0.get() = Some(value) };
    }

    pub fn take(&self) -> Option<T> {
        unsafe { (*self.0.get()).take() }
    }

    /// Nothing happens before the place is filled.
    pub fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        unsafe { (*self.0.get()).as_mut().map(act) }
    }
}
