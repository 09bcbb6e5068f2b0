package link

import (
	"errors"
	"fmt"
	"time"

	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

// ErrInvalid is wrapped by the errors of Order.Link. Their text names the field,
// its value and what is allowed; it is fit for clients.
var ErrInvalid = errors.New("link order refused")

// Limits of the links of a stage.
type Limits struct {
	// DefaultTTL and MaxTTL are the life of a link whose order names none, and
	// the longest.
	DefaultTTL, MaxTTL time.Duration
	// MaxWindow is the longest life of the URL that a claim gets.
	MaxWindow time.Duration
	// Retention is how long the record of a link stays after its expiry.
	Retention time.Duration
}

// Order is what the creator of a link asks for, as JSON. All but Key may be
// left out.
type Order struct {
	Key string `json:"key"`
	// Uses is the number of claims, 1 to MaxUses; 1 unless given.
	Uses *int `json:"uses"`
	// ExpiresIn is the life of the link in seconds.
	ExpiresIn *int `json:"expiresIn"`
	// Claim says which requests use the link up; ByAny unless given.
	Claim *ClaimBy `json:"claim"`
	// FileName is what the download is saved as.
	FileName *string `json:"filename"`
	// Window is the life in seconds of the URL that a claim gets;
	// DefaultWindow unless given.
	Window *int `json:"window"`
}

// Link returns a new link as ordered at the instant now, its token and its
// owner's handle. It reports all problems of the order at once; they wrap
// ErrInvalid.
func (o Order) Link(limits Limits, now time.Time) (Token, Handle, Link, error) {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	seconds := func(name string, given *int, fallback, longest time.Duration) time.Duration {
		if given == nil {
			return min(fallback, longest)
		}
		if *given < 1 || *given > int(longest/time.Second) {
			problem("%s is %d; allowed are whole seconds from 1 to %d", name, *given, longest/time.Second)
		}
		return time.Duration(*given) * time.Second
	}

	key, err := objectkey.New(o.Key)
	if err != nil {
		problem("key is %.80q: %w", o.Key, err)
	}
	uses := valueOr(o.Uses, 1)
	if uses < 1 || uses > MaxUses {
		problem("uses is %d; allowed are 1 to %d", uses, MaxUses)
	}
	claimBy := valueOr(o.Claim, ByAny)
	if claimBy != ByAny && claimBy != ByPOST {
		problem("claim is %.40q; allowed are %q and %q", claimBy, ByAny, ByPOST)
	}
	if o.FileName != nil {
		if _, err := presign.Attachment(*o.FileName); err != nil {
			problem("filename is %.80q: %w", *o.FileName, err)
		}
	}
	ttl := seconds("expiresIn", o.ExpiresIn, limits.DefaultTTL, limits.MaxTTL)
	window := seconds("window", o.Window, DefaultWindow, limits.MaxWindow)
	if err := joinInLine(problems); err != nil {
		return "", Handle{}, Link{}, err
	}

	token := NewToken()
	handle := NewHandle(token.ID())
	createdAt := now.UTC().Truncate(time.Millisecond)
	expiresAt := createdAt.Add(ttl)
	return token, handle, Link{
		ID:        handle.ID,
		OwnerHash: handle.OwnerHash(),
		Key:       key,
		FileName:  valueOr(o.FileName, ""),
		Uses:      uses,
		Remaining: uses,
		ClaimBy:   claimBy,
		Window:    window,
		CreatedAt: createdAt,
		ExpiresAt: expiresAt,
		PurgeAt:   expiresAt.Add(limits.Retention).Truncate(time.Second),
	}, nil
}

// joinInLine is errors.Join in one line, under ErrInvalid.
func joinInLine(problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	joined := problems[0]
	for _, problem := range problems[1:] {
		joined = fmt.Errorf("%w; %w", joined, problem)
	}
	return fmt.Errorf("%w: %w", ErrInvalid, joined)
}

func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
