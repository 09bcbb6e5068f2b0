package linkstore

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/objectkey"
)

// item is a row, or a map within one. Instants are numbers of milliseconds
// since 1970, but for contract.TableTTL, which DynamoDB wants in seconds:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
type item = map[string]types.AttributeValue

func toItem(l link.Link) item {
	claims := item{}
	for _, c := range l.Claims {
		claims[c.Attempt] = toClaimItem(c)
	}
	row := item{
		contract.TablePartitionKey: text(string(l.ID)),
		contract.TableTTL:          number(l.PurgeAt.Unix()),
		"ownerHash":                text(l.OwnerHash),
		"objectKey":                text(string(l.Key)),
		"fileName":                 text(l.FileName),
		"uses":                     number(int64(l.Uses)),
		"remaining":                number(int64(l.Remaining)),
		"claimBy":                  text(string(l.ClaimBy)),
		"windowSeconds":            number(int64(l.Window / time.Second)),
		"createdAt":                instant(l.CreatedAt),
		"expiresAt":                instant(l.ExpiresAt),
		"claims":                   &types.AttributeValueMemberM{Value: claims},
	}
	// Conditions ask whether these exist.
	if !l.OpenedAt.IsZero() {
		row["openedAt"] = instant(l.OpenedAt)
	}
	if !l.RevokedAt.IsZero() {
		row["revokedAt"] = instant(l.RevokedAt)
	}
	return row
}

func toClaimItem(c link.Claim) types.AttributeValue {
	claim := item{"at": instant(c.At)}
	if c.ClientIP.IsValid() {
		claim["clientIp"] = text(c.ClientIP.String())
	}
	return &types.AttributeValueMemberM{Value: claim}
}

// fromItem fails on a row that this package didn't write.
func fromItem(row item) (link.Link, error) {
	r := &rowReader{row: row}
	l := link.Link{
		ID:        link.ID(r.text(contract.TablePartitionKey)),
		OwnerHash: r.text("ownerHash"),
		Key:       objectkey.Key(r.text("objectKey")),
		FileName:  r.text("fileName"),
		Uses:      int(r.number("uses")),
		Remaining: int(r.number("remaining")),
		ClaimBy:   link.ClaimBy(r.text("claimBy")),
		Window:    time.Duration(r.number("windowSeconds")) * time.Second,
		CreatedAt: r.instant("createdAt"),
		ExpiresAt: r.instant("expiresAt"),
		PurgeAt:   time.Unix(r.number(contract.TableTTL), 0).UTC(),
		Claims:    r.claims("claims"),
	}
	if r.has("openedAt") {
		l.OpenedAt = r.instant("openedAt")
	}
	if r.has("revokedAt") {
		l.RevokedAt = r.instant("revokedAt")
	}
	if r.bad != "" {
		return link.Link{}, unavailable("read", l.ID, fmt.Errorf("the row's attribute %s is missing or malformed", r.bad))
	}
	return l, nil
}

// rowReader reads typed attributes and remembers the last bad one.
type rowReader struct {
	row item
	bad string
}

func (r *rowReader) has(name string) bool { return r.row[name] != nil }

func (r *rowReader) text(name string) string {
	value, ok := r.row[name].(*types.AttributeValueMemberS)
	if !ok {
		r.bad = name
		return ""
	}
	return value.Value
}

func (r *rowReader) number(name string) int64 {
	value, ok := r.row[name].(*types.AttributeValueMemberN)
	if !ok {
		r.bad = name
		return 0
	}
	n, err := strconv.ParseInt(value.Value, 10, 64)
	if err != nil {
		r.bad = name
	}
	return n
}

func (r *rowReader) instant(name string) time.Time { return time.UnixMilli(r.number(name)).UTC() }

func (r *rowReader) claims(name string) []link.Claim {
	all, ok := r.row[name].(*types.AttributeValueMemberM)
	if !ok {
		r.bad = name
		return nil
	}
	var claims []link.Claim
	for attempt, value := range all.Value {
		one, ok := value.(*types.AttributeValueMemberM)
		if !ok {
			r.bad = name
			continue
		}
		in := &rowReader{row: one.Value}
		claim := link.Claim{Attempt: attempt, At: in.instant("at")}
		if in.has("clientIp") {
			var err error
			if claim.ClientIP, err = netip.ParseAddr(in.text("clientIp")); err != nil {
				r.bad = name
			}
		}
		if in.bad != "" {
			r.bad = name
		}
		claims = append(claims, claim)
	}
	slices.SortFunc(claims, func(a, b link.Claim) int { return a.At.Compare(b.At) })
	return claims
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func instant(t time.Time) types.AttributeValue { return number(t.UnixMilli()) }
