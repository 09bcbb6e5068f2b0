// Package linktest holds what tests of links share: the conformance suite that
// every link.Store must pass, and a fake that passes it.
package linktest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"onedoor/lambdas/internal/link"
)

// Start is the instant at which the links of New are created.
var Start = time.Date(2026, time.May, 24, 12, 0, 0, int(123*time.Millisecond), time.UTC)

// New returns a link with a token of its own that can be claimed once within
// the hour after Start.
func New() (link.Token, link.Link) {
	token, _, l := NewOwned()
	return token, l
}

// NewOwned is New with the owner's handle.
func NewOwned() (link.Token, link.Handle, link.Link) {
	token := link.NewToken()
	handle := link.NewHandle(token.ID())
	return token, handle, link.Link{
		ID:        token.ID(),
		OwnerHash: handle.OwnerHash(),
		Key:       "objects/한국어/a b.pdf",
		FileName:  "보고서.pdf",
		Uses:      1,
		Remaining: 1,
		ClaimBy:   link.ByAny,
		Window:    link.DefaultWindow,
		CreatedAt: Start,
		ExpiresAt: Start.Add(time.Hour),
		PurgeAt:   Start.Add(24 * time.Hour).Truncate(time.Second),
	}
}

// Conformance checks that a store keeps the promises of link.Store.
func Conformance(t *testing.T, store link.Store) {
	t.Run("what is created can be read back", func(t *testing.T) {
		_, l := New()
		create(t, store, l)
		if diff := cmp.Diff(l, get(t, store, l.ID), options); diff != "" {
			t.Errorf("Get mismatch (-want +got):\n%s", diff)
		}
	})

	t.Run("an unknown link is refused and leaves no row", func(t *testing.T) {
		id := link.NewToken().ID()
		ctx := t.Context()
		_, err := store.Get(ctx, id)
		wantRefusal(t, "Get", err, link.ErrUnknown)
		_, err = store.Open(ctx, id, Start)
		wantRefusal(t, "Open", err, link.ErrUnknown)
		_, err = store.Claim(ctx, id, claim("a", Start), true)
		wantRefusal(t, "Claim", err, link.ErrUnknown)
		wantRefusal(t, "Revoke", store.Revoke(ctx, link.NewHandle(id), Start), link.ErrUnknown)
		_, err = store.Get(ctx, id)
		wantRefusal(t, "Get after all of them", err, link.ErrUnknown)
	})

	t.Run("a claim counts, is recorded and uses the link up", func(t *testing.T) {
		_, l := New()
		create(t, store, l)
		first := claim("first", Start.Add(time.Second))
		got, err := store.Claim(t.Context(), l.ID, first, false)
		if err != nil {
			t.Fatal(err)
		}
		want := l
		want.Remaining, want.Claims = 0, []link.Claim{first}
		if diff := cmp.Diff(want, got, options); diff != "" {
			t.Errorf("Claim mismatch (-want +got):\n%s", diff)
		}
		_, err = store.Claim(t.Context(), l.ID, claim("second", Start.Add(2*time.Second)), false)
		wantRefusal(t, "second Claim", err, link.ErrUsedUp)
		if diff := cmp.Diff(want, get(t, store, l.ID), options); diff != "" {
			t.Errorf("Get after the refusal mismatch (-want +got):\n%s", diff)
		}
	})

	t.Run("a repeated creation brings nothing back", func(t *testing.T) {
		_, l := New()
		create(t, store, l)
		if _, err := store.Claim(t.Context(), l.ID, claim("first", Start), true); err != nil {
			t.Fatal(err)
		}
		create(t, store, l)
		_, err := store.Claim(t.Context(), l.ID, claim("second", Start), true)
		wantRefusal(t, "Claim after the repeat", err, link.ErrUsedUp)
	})

	t.Run("the same attempt is answered the same and counts once", func(t *testing.T) {
		_, l := New()
		l.Uses, l.Remaining = 2, 2
		create(t, store, l)
		for range 3 {
			got, err := store.Claim(t.Context(), l.ID, claim("same", Start), false)
			if err != nil || got.Remaining != 1 || len(got.Claims) != 1 {
				t.Errorf("Claim = %d remaining, %d claims, %v; want 1 and 1", got.Remaining, len(got.Claims), err)
			}
		}
	})

	t.Run("the same attempt is answered the same after the link is used up", func(t *testing.T) {
		_, l := New()
		create(t, store, l)
		for range 2 {
			if _, err := store.Claim(t.Context(), l.ID, claim("same", Start), false); err != nil {
				t.Errorf("Claim error = %v", err)
			}
		}
	})

	t.Run("a link dies exactly at its expiry", func(t *testing.T) {
		_, l := New()
		l.Uses, l.Remaining = 2, 2
		create(t, store, l)
		_, err := store.Claim(t.Context(), l.ID, claim("at", l.ExpiresAt), true)
		wantRefusal(t, "Claim at expiresAt", err, link.ErrExpired)
		_, err = store.Open(t.Context(), l.ID, l.ExpiresAt)
		wantRefusal(t, "Open at expiresAt", err, link.ErrExpired)
		if _, err := store.Claim(t.Context(), l.ID, claim("before", l.ExpiresAt.Add(-time.Millisecond)), true); err != nil {
			t.Errorf("Claim 1 ms before expiresAt error = %v", err)
		}
	})

	t.Run("only the owner's handle revokes", func(t *testing.T) {
		_, _, l := NewOwned()
		create(t, store, l)
		wantRefusal(t, "Revoke by another handle", store.Revoke(t.Context(), link.NewHandle(l.ID), Start), link.ErrUnknown)
		if _, err := store.Claim(t.Context(), l.ID, claim("a", Start), true); err != nil {
			t.Errorf("Claim after it error = %v", err)
		}
	})

	t.Run("a revoked link is dead", func(t *testing.T) {
		_, handle, l := NewOwned()
		create(t, store, l)
		revokedAt := Start.Add(time.Minute)
		for i := range 2 {
			if err := store.Revoke(t.Context(), handle, revokedAt.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := store.Claim(t.Context(), l.ID, claim("a", Start), true)
		wantRefusal(t, "Claim", err, link.ErrRevoked)
		_, err = store.Open(t.Context(), l.ID, Start)
		wantRefusal(t, "Open", err, link.ErrRevoked)
		if got := get(t, store, l.ID); !got.RevokedAt.Equal(revokedAt) || got.Remaining != 1 {
			t.Errorf("Get = revoked at %s, %d remaining; want the first revocation at %s and 1", got.RevokedAt, got.Remaining, revokedAt)
		}
	})

	t.Run("GET doesn't claim a link that only POST claims", func(t *testing.T) {
		_, l := New()
		l.ClaimBy = link.ByPOST
		create(t, store, l)
		_, err := store.Claim(t.Context(), l.ID, claim("get", Start), false)
		wantRefusal(t, "Claim by GET", err, link.ErrNeedsPOST)
		if _, err := store.Claim(t.Context(), l.ID, claim("post", Start), true); err != nil {
			t.Errorf("Claim by POST error = %v", err)
		}
	})

	t.Run("opening is recorded once and claims nothing", func(t *testing.T) {
		_, l := New()
		create(t, store, l)
		openedAt := Start.Add(time.Second)
		for i := range 2 {
			got, err := store.Open(t.Context(), l.ID, openedAt.Add(time.Duration(i)*time.Minute))
			if err != nil || !got.OpenedAt.Equal(openedAt) || got.Remaining != 1 {
				t.Errorf("Open = opened at %s, %d remaining, %v; want %s and 1", got.OpenedAt, got.Remaining, err, openedAt)
			}
		}
		if _, err := store.Claim(t.Context(), l.ID, claim("a", Start), true); err != nil {
			t.Errorf("Claim after Open error = %v", err)
		}
		_, err := store.Open(t.Context(), l.ID, Start)
		wantRefusal(t, "Open of a used link", err, link.ErrUsedUp)
	})

	t.Run("racing claims get exactly as many winners as uses", func(t *testing.T) {
		for _, uses := range []int{1, 3} {
			_, l := New()
			l.Uses, l.Remaining = uses, uses
			create(t, store, l)
			errs := race(t.Context(), store, l.ID, 32)
			winners := 0
			for _, err := range errs {
				switch {
				case err == nil:
					winners++
				case !errors.Is(err, link.ErrUsedUp):
					t.Errorf("a loser was told %v; want ErrUsedUp", err)
				}
			}
			if got := get(t, store, l.ID); winners != uses || len(got.Claims) != uses || got.Remaining != 0 {
				t.Errorf("%d uses: %d winners, %d claims recorded, %d remaining", uses, winners, len(got.Claims), got.Remaining)
			}
		}
	})

	t.Run("a call whose context ended changes nothing and says so", func(t *testing.T) {
		_, l := New()
		create(t, store, l)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := store.Claim(ctx, l.ID, claim("a", Start), true); !errors.Is(err, link.ErrUnavailable) {
			t.Errorf("Claim error = %v; want ErrUnavailable", err)
		}
		if got := get(t, store, l.ID); got.Remaining != 1 {
			t.Errorf("%d remaining; want 1", got.Remaining)
		}
	})
}

var options = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})}

func claim(attempt string, at time.Time) link.Claim {
	return link.Claim{Attempt: attempt, At: at, ClientIP: netip.MustParseAddr("203.0.113.9")}
}

// race claims n times at once, each by an attempt of its own.
func race(ctx context.Context, store link.Store, id link.ID, n int) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			_, errs[i] = store.Claim(ctx, id, claim(fmt.Sprint("attempt-", i), Start), false)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

func create(t *testing.T, store link.Store, l link.Link) {
	t.Helper()
	if err := store.Create(t.Context(), l); err != nil {
		t.Fatalf("Create error = %v", err)
	}
}

func get(t *testing.T, store link.Store, id link.ID) link.Link {
	t.Helper()
	l, err := store.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("Get error = %v", err)
	}
	return l
}

func wantRefusal(t *testing.T, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || !errors.Is(err, link.ErrRefused) {
		t.Errorf("%s error = %v; want %v", call, err, want)
	}
}
