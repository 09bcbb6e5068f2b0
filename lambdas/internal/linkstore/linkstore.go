// Package linkstore keeps links in a DynamoDB table, one row each.
//
// Every step that changes a link is one conditional UpdateItem, so racing
// functions need no lock and a function that dies leaves nothing half done.
package linkstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/link"
)

// Limits of one call of the table. DynamoDB answers in single-digit
// milliseconds; what takes longer than attemptTimeout is lost.
const (
	attemptTimeout = time.Second
	maxAttempts    = 3
	maxBackoff     = 200 * time.Millisecond
)

// Store is a link.Store on a DynamoDB table.
type Store struct {
	client *dynamodb.Client
	table  string
}

var _ link.Store = (*Store)(nil)

// New returns a Store. An empty endpoint means that of the region.
func New(credentials aws.Credentials, region, endpoint, table string) *Store {
	options := dynamodb.Options{
		Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		HTTPClient: &http.Client{Timeout: attemptTimeout},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = maxAttempts
			o.MaxBackoff = maxBackoff
		}),
	}
	if endpoint != "" {
		options.BaseEndpoint = aws.String(endpoint)
	}
	return &Store{client: dynamodb.New(options), table: table}
}

// Create implements link.Store. A row that is there already is this call's own,
// whose answer was lost: no other link has a token with the same hash. It is left
// as it is, since it may have been claimed by now.
func (s *Store) Create(ctx context.Context, l link.Link) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &s.table,
		Item:                toItem(l),
		ConditionExpression: aws.String("attribute_not_exists(id)"),
	})
	if err != nil && !conditionFailed(err) {
		return unavailable("create", l.ID, err)
	}
	return nil
}

// Get implements link.Store. The read is consistent.
func (s *Store) Get(ctx context.Context, id link.ID) (link.Link, error) {
	output, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: key(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return link.Link{}, unavailable("get", id, err)
	}
	if output.Item == nil {
		return link.Link{}, link.ErrUnknown
	}
	return fromItem(output.Item)
}

// alive is the condition under which a link can be opened, and claimed by POST.
const alive = "attribute_exists(id) AND remaining > :zero AND expiresAt > :now AND attribute_not_exists(revokedAt)"

// Open implements link.Store.
func (s *Store) Open(ctx context.Context, id link.ID, now time.Time) (link.Link, error) {
	output, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &s.table,
		Key:                       key(id),
		UpdateExpression:          aws.String("SET openedAt = if_not_exists(openedAt, :now)"),
		ConditionExpression:       aws.String(alive),
		ExpressionAttributeValues: item{":zero": number(0), ":now": instant(now)},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err == nil {
		return fromItem(output.Attributes)
	}
	if !conditionFailed(err) {
		return link.Link{}, unavailable("open", id, err)
	}
	l, err := s.Get(ctx, id)
	if err != nil {
		return link.Link{}, err
	}
	return link.Link{}, refusal("open", l, now, true)
}

// Claim implements link.Store. One conditional UpdateItem decides. Only where
// it doesn't succeed is the row read: to tell the true reason, and to find out
// whether an UpdateItem whose answer was lost had counted after all.
func (s *Store) Claim(ctx context.Context, id link.ID, c link.Claim, byPOST bool) (link.Link, error) {
	input := &dynamodb.UpdateItemInput{
		TableName:                &s.table,
		Key:                      key(id),
		UpdateExpression:         aws.String("SET remaining = remaining - :one, claims.#attempt = :claim"),
		ConditionExpression:      aws.String(alive + " AND attribute_not_exists(claims.#attempt)"),
		ExpressionAttributeNames: map[string]string{"#attempt": c.Attempt},
		ExpressionAttributeValues: item{
			":zero":  number(0),
			":one":   number(1),
			":now":   instant(c.At),
			":claim": toClaimItem(c),
		},
		ReturnValues: types.ReturnValueAllNew,
	}
	if !byPOST {
		input.ConditionExpression = aws.String(*input.ConditionExpression + " AND claimBy = :any")
		input.ExpressionAttributeValues[":any"] = text(string(link.ByAny))
	}
	output, claimErr := s.client.UpdateItem(ctx, input)
	if claimErr == nil {
		return fromItem(output.Attributes)
	}
	l, err := s.Get(ctx, id)
	switch {
	case err == nil && slices.ContainsFunc(l.Claims, func(other link.Claim) bool { return other.Attempt == c.Attempt }):
		return l, nil
	case !conditionFailed(claimErr):
		return link.Link{}, unavailable("claim", id, claimErr)
	case err != nil:
		return link.Link{}, err
	default:
		return link.Link{}, refusal("claim", l, c.At, byPOST)
	}
}

// Revoke implements link.Store.
func (s *Store) Revoke(ctx context.Context, h link.Handle, now time.Time) error {
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &s.table,
		Key:                       key(h.ID),
		UpdateExpression:          aws.String("SET revokedAt = if_not_exists(revokedAt, :now)"),
		ConditionExpression:       aws.String("attribute_exists(id) AND ownerHash = :owner"),
		ExpressionAttributeValues: item{":now": instant(now), ":owner": text(h.OwnerHash())},
	})
	switch {
	case err == nil:
		return nil
	case conditionFailed(err):
		return link.ErrUnknown
	default:
		return unavailable("revoke", h.ID, err)
	}
}

func key(id link.ID) item { return item{contract.TablePartitionKey: text(string(id))} }

func conditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// refusal says why the row l failed the condition of a call. A row that would
// pass it now is no answer to give: nothing brings a dead link back.
func refusal(call string, l link.Link, now time.Time, byPOST bool) error {
	if err := l.Refusal(now, byPOST); err != nil {
		return err
	}
	return unavailable(call, l.ID, errors.New("the row fails the condition for no visible reason"))
}

func unavailable(call string, id link.ID, err error) error {
	return fmt.Errorf("%s link %s: %w: %w", call, id, link.ErrUnavailable, err)
}
