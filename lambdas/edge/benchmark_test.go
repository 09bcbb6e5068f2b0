package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/link/linktest"
	"onedoor/lambdas/internal/linkstore"
	"onedoor/lambdas/internal/linkstore/linkstoretest"
)

func TestMain(m *testing.M) { linkstoretest.Main(m) }

// BenchmarkClaim measures a whole claim, from the event to the answer, and
// BenchmarkBareUpdateItem the one call that it can't do without, with the same
// condition on the same table.
func BenchmarkClaim(b *testing.B) {
	table := linkstoretest.NewTable(b)
	store := linkstore.New(table.Credentials, table.Region, table.Endpoint, table.Name)
	h, _ := testHandler(store)
	h.logger = slog.New(slog.DiscardHandler)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		token, l := linktest.New()
		if err := store.Create(b.Context(), l); err != nil {
			b.Fatal(err)
		}
		ctx := lambdacontext.NewContext(b.Context(), &lambdacontext.LambdaContext{AwsRequestID: fmt.Sprint("request-", n)})
		e := event("GET", string(token), nil)
		b.StartTimer()
		if response, err := h.handle(ctx, e); err != nil || response.StatusCode != http.StatusSeeOther {
			b.Fatal(response, err)
		}
	}
}

func BenchmarkBareUpdateItem(b *testing.B) {
	table := linkstoretest.NewTable(b)
	store := linkstore.New(table.Credentials, table.Region, table.Endpoint, table.Name)
	claim := map[string]types.AttributeValue{
		"at":       &types.AttributeValueMemberN{Value: fmt.Sprint(time.Now().UnixMilli())},
		"clientIp": &types.AttributeValueMemberS{Value: "203.0.113.9"},
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		_, l := linktest.New()
		if err := store.Create(b.Context(), l); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := table.Client.UpdateItem(b.Context(), &dynamodb.UpdateItemInput{
			TableName:        &table.Name,
			Key:              map[string]types.AttributeValue{contract.TablePartitionKey: &types.AttributeValueMemberS{Value: string(l.ID)}},
			UpdateExpression: aws.String("SET remaining = remaining - :one, claims.#attempt = :claim"),
			ConditionExpression: aws.String("attribute_exists(id) AND remaining > :zero AND expiresAt > :now" +
				" AND attribute_not_exists(revokedAt) AND attribute_not_exists(claims.#attempt) AND claimBy = :any"),
			ExpressionAttributeNames: map[string]string{"#attempt": fmt.Sprint("request-", n)},
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":zero":  &types.AttributeValueMemberN{Value: "0"},
				":one":   &types.AttributeValueMemberN{Value: "1"},
				":now":   &types.AttributeValueMemberN{Value: fmt.Sprint(linktest.Start.UnixMilli())},
				":any":   &types.AttributeValueMemberS{Value: string(link.ByAny)},
				":claim": &types.AttributeValueMemberM{Value: claim},
			},
			ReturnValues: types.ReturnValueAllNew,
		}); err != nil {
			b.Fatal(err)
		}
	}
}
