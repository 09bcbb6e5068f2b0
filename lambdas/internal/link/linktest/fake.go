package linktest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"onedoor/lambdas/internal/link"
)

// Fake is a link.Store in memory. Its zero value is empty and ready.
type Fake struct {
	// Err, where set, is what every call fails with.
	Err error

	mu    sync.Mutex
	links map[link.ID]link.Link
	calls int
}

var _ link.Store = (*Fake)(nil)

// Calls returns how often the store was called.
func (f *Fake) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Create implements link.Store.
func (f *Fake) Create(ctx context.Context, l link.Link) error {
	return f.step(ctx, func() error {
		if f.links == nil {
			f.links = map[link.ID]link.Link{}
		}
		if _, found := f.links[l.ID]; !found {
			f.links[l.ID] = l
		}
		return nil
	})
}

// Get implements link.Store.
func (f *Fake) Get(ctx context.Context, id link.ID) (link.Link, error) {
	return f.change(ctx, id, func(*link.Link) error { return nil })
}

// Open implements link.Store.
func (f *Fake) Open(ctx context.Context, id link.ID, now time.Time) (link.Link, error) {
	return f.change(ctx, id, func(l *link.Link) error {
		if err := l.Refusal(now, true); err != nil {
			return err
		}
		if l.OpenedAt.IsZero() {
			l.OpenedAt = now
		}
		return nil
	})
}

// Claim implements link.Store.
func (f *Fake) Claim(ctx context.Context, id link.ID, c link.Claim, byPOST bool) (link.Link, error) {
	return f.change(ctx, id, func(l *link.Link) error {
		if slices.ContainsFunc(l.Claims, func(other link.Claim) bool { return other.Attempt == c.Attempt }) {
			return nil
		}
		if err := l.Refusal(c.At, byPOST); err != nil {
			return err
		}
		l.Remaining--
		l.Claims = append(slices.Clip(l.Claims), c)
		return nil
	})
}

// Revoke implements link.Store.
func (f *Fake) Revoke(ctx context.Context, h link.Handle, now time.Time) error {
	_, err := f.change(ctx, h.ID, func(l *link.Link) error {
		if !l.OwnedBy(h) {
			return link.ErrUnknown
		}
		if l.RevokedAt.IsZero() {
			l.RevokedAt = now
		}
		return nil
	})
	return err
}

func (f *Fake) change(ctx context.Context, id link.ID, change func(*link.Link) error) (l link.Link, err error) {
	err = f.step(ctx, func() error {
		var found bool
		if l, found = f.links[id]; !found {
			return link.ErrUnknown
		}
		if err := change(&l); err != nil {
			return err
		}
		f.links[id] = l
		return nil
	})
	return l, err
}

func (f *Fake) step(ctx context.Context, step func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", link.ErrUnavailable, err)
	}
	if f.Err != nil {
		return f.Err
	}
	return step()
}
