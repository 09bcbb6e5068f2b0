// Package link defines links that work a limited number of times, once unless
// asked otherwise.
//
// A link is a row in a store, not a signed URL: the row alone decides, at the
// instant of the claim, whether the link still works. Its URL holds a random
// token; the row is found by the token's hash.
package link

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"onedoor/lambdas/internal/objectkey"
)

// Limits of a link that hold for every stage.
const (
	// MaxUses bounds the claims recorded in a row.
	MaxUses = 100
	// DefaultWindow is the life of the URL that a claim gets: long enough for
	// an interrupted download to resume.
	DefaultWindow = 60 * time.Second
)

var (
	// ErrRefused is wrapped by every error with which a store refuses a link:
	// ErrUnknown, ErrUsedUp, ErrExpired, ErrRevoked, ErrNeedsPOST. Clients of
	// the link are told ErrRefused only, so that nobody can probe; the log has
	// the true reason.
	ErrRefused = errors.New("link refused")

	ErrUnknown   = fmt.Errorf("%w: unknown", ErrRefused)
	ErrUsedUp    = fmt.Errorf("%w: used up", ErrRefused)
	ErrExpired   = fmt.Errorf("%w: expired", ErrRefused)
	ErrRevoked   = fmt.Errorf("%w: revoked", ErrRefused)
	ErrNeedsPOST = fmt.Errorf("%w: claimed by GET, but only POST claims it", ErrRefused)

	// ErrUnavailable is wrapped by the errors of a store that can't answer.
	// Nobody gets through then.
	ErrUnavailable = errors.New("link store unavailable")
)

// ClaimBy says which requests use a link up.
type ClaimBy string

const (
	// ByAny is a GET that isn't a browser's, or a POST.
	ByAny ClaimBy = "any"
	// ByPOST is a POST only.
	ByPOST ClaimBy = "post"
)

// Link is the state of a link. Times have millisecond precision.
type Link struct {
	ID ID
	// OwnerHash is that of the owner's handle.
	OwnerHash string
	Key       objectkey.Key
	// FileName is what the download is saved as; empty leaves it to the object.
	FileName string
	// Uses is the number of claims allowed in all, 1 to MaxUses.
	Uses int
	// Remaining is the number of claims left.
	Remaining int
	ClaimBy   ClaimBy
	// Window is the life of the URL that a claim gets, in whole seconds.
	Window    time.Duration
	CreatedAt time.Time
	// ExpiresAt is the first instant at which the link is dead.
	ExpiresAt time.Time
	// OpenedAt is when its page was first shown; zero means never.
	OpenedAt time.Time
	// RevokedAt is zero unless the link is revoked.
	RevokedAt time.Time
	// Claims are in the order of their times.
	Claims []Claim
	// PurgeAt is when the store may forget the link.
	PurgeAt time.Time
}

// Claim is one use of a link.
type Claim struct {
	// Attempt tells repeats of one claim from others: the same attempt counts
	// once, however often it reaches the store.
	Attempt  string
	At       time.Time
	ClientIP netip.Addr
}

// OwnedBy reports whether h is the handle of the link's owner.
func (l Link) OwnedBy(h Handle) bool {
	return l.ID == h.ID && subtle.ConstantTimeCompare([]byte(l.OwnerHash), []byte(h.OwnerHash())) == 1
}

// Refusal returns why the link can't be claimed at the instant now, or nil.
// byPOST says how it is asked for.
func (l Link) Refusal(now time.Time, byPOST bool) error {
	switch {
	case !l.RevokedAt.IsZero():
		return ErrRevoked
	case !now.Before(l.ExpiresAt):
		return ErrExpired
	case l.Remaining < 1:
		return ErrUsedUp
	case l.ClaimBy == ByPOST && !byPOST:
		return ErrNeedsPOST
	default:
		return nil
	}
}

// Store keeps links. Every method is one atomic step; a refusal wraps
// ErrRefused and changes nothing, any other failure wraps ErrUnavailable.
// linktest has the conformance suite.
type Store interface {
	// Create stores a new link. Repeated, however late, it changes nothing.
	Create(ctx context.Context, l Link) error
	// Get returns a link in whatever state, or ErrUnknown. Whether the caller
	// owns it is the caller's to check, with OwnedBy.
	Get(ctx context.Context, id ID) (Link, error)
	// Open records that the link's page is shown, for the first time that it
	// is, and returns the link. It claims nothing and refuses what could not be
	// claimed by POST.
	Open(ctx context.Context, id ID, now time.Time) (Link, error)
	// Claim uses the link once for c and returns it as it is afterwards. The
	// same c.Attempt again is answered as it was before and counts nothing.
	Claim(ctx context.Context, id ID, c Claim, byPOST bool) (Link, error)
	// Revoke ends the link, once and for all. A second call changes nothing. To
	// whom the link isn't known by this handle, it is ErrUnknown.
	Revoke(ctx context.Context, h Handle, now time.Time) error
}
