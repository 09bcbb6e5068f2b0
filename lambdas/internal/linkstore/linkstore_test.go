package linkstore_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/link/linktest"
	"onedoor/lambdas/internal/linkstore"
	"onedoor/lambdas/internal/linkstore/linkstoretest"
)

func TestMain(m *testing.M) { linkstoretest.Main(m) }

// storeOf returns a store on a table, or behind a proxy of it.
func storeOf(table linkstoretest.Table, endpoint string) *linkstore.Store {
	return linkstore.New(table.Credentials, table.Region, endpoint, table.Name)
}

func TestStoreConforms(t *testing.T) {
	table := linkstoretest.NewTable(t)
	linktest.Conformance(t, storeOf(table, table.Endpoint))
}

func TestRowHoldsNoToken(t *testing.T) {
	table := linkstoretest.NewTable(t)
	store := storeOf(table, table.Endpoint)
	token, l := linktest.New()
	if err := store.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Claim(t.Context(), l.ID, link.Claim{Attempt: "a", At: linktest.Start, ClientIP: netip.MustParseAddr("::1")}, true); err != nil {
		t.Fatal(err)
	}
	output, err := table.Client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table.Name})
	if err != nil || len(output.Items) != 1 {
		t.Fatalf("Scan = %d rows, %v; want 1", len(output.Items), err)
	}
	if row := fmt.Sprint(flatten(output.Items[0])); strings.Contains(row, string(token)) {
		t.Errorf("the row holds the token: %s", row)
	}
	purgeAt, ok := output.Items[0][contract.TableTTL].(*types.AttributeValueMemberN)
	if !ok || purgeAt.Value != fmt.Sprint(l.PurgeAt.Unix()) {
		t.Errorf("%s = %v; want %d seconds, or DynamoDB never purges the row", contract.TableTTL, output.Items[0][contract.TableTTL], l.PurgeAt.Unix())
	}
}

func flatten(v any) any {
	switch v := v.(type) {
	case map[string]types.AttributeValue:
		flat := map[string]any{}
		for name, value := range v {
			flat[name] = flatten(value)
		}
		return flat
	case *types.AttributeValueMemberM:
		return flatten(v.Value)
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	default:
		return fmt.Sprintf("%T", v)
	}
}

// faultyProxy stands between the SDK and DynamoDB. fault decides for each call
// what becomes of it; calls counts them by operation.
type faultyProxy struct {
	url   string
	mu    sync.Mutex
	calls map[string]int
}

type fault int

const (
	none     fault = iota
	lose           // the call is made, its answer lost
	throttle       // the call is refused before it is made
	slow           // the call is made, its answer comes after the SDK gave up
)

func newFaultyProxy(t *testing.T, endpoint string, faultOf func(operation string, n int) fault) *faultyProxy {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &faultyProxy{calls: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		p.mu.Lock()
		p.calls[operation]++
		n := p.calls[operation]
		p.mu.Unlock()
		switch faultOf(operation, n) {
		case none:
			(&httputil.ReverseProxy{Rewrite: func(pr *httputil.ProxyRequest) { pr.SetURL(target); pr.Out.Host = pr.In.Host }}).ServeHTTP(w, r)
		case throttle:
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`)
		case lose, slow:
			out := r.Clone(r.Context())
			out.RequestURI, out.URL.Scheme, out.URL.Host = "", target.Scheme, target.Host
			response, err := http.DefaultTransport.RoundTrip(out)
			if err != nil {
				t.Errorf("forward %s: %v", operation, err)
				return
			}
			response.Body.Close()
			if faultOf(operation, n) == slow {
				<-r.Context().Done()
			}
			panic(http.ErrAbortHandler)
		}
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *faultyProxy) counted() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.calls)
}

func storeBehind(t *testing.T, faultOf func(operation string, n int) fault) (store, direct *linkstore.Store, proxy *faultyProxy) {
	t.Helper()
	table := linkstoretest.NewTable(t)
	proxy = newFaultyProxy(t, table.Endpoint, faultOf)
	return storeOf(table, proxy.url), storeOf(table, table.Endpoint), proxy
}

func testClaim(attempt string) link.Claim {
	return link.Claim{Attempt: attempt, At: linktest.Start, ClientIP: netip.MustParseAddr("203.0.113.9")}
}

func TestClaimWhoseAnswerIsLostCountsOnceAndWins(t *testing.T) {
	for name, first := range map[string]fault{"lost": lose, "slow": slow, "throttled": throttle} {
		store, direct, _ := storeBehind(t, func(operation string, n int) fault {
			if operation == "UpdateItem" && n == 1 {
				return first
			}
			return none
		})
		_, l := linktest.New()
		l.Uses, l.Remaining = 2, 2
		if err := direct.Create(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		got, err := store.Claim(t.Context(), l.ID, testClaim("a"), false)
		if err != nil || got.Remaining != 1 || len(got.Claims) != 1 {
			t.Errorf("%s: Claim = %d remaining, %d claims, %v; want 1 and 1", name, got.Remaining, len(got.Claims), err)
		}
	}
}

func TestClaimAllOfWhoseAnswersAreLostIsFoundByReading(t *testing.T) {
	store, direct, _ := storeBehind(t, func(operation string, _ int) fault {
		if operation == "UpdateItem" {
			return lose
		}
		return none
	})
	_, l := linktest.New()
	if err := direct.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Claim(t.Context(), l.ID, testClaim("a"), false); err != nil {
		t.Errorf("Claim error = %v; want none, since it has counted", err)
	}
}

func TestUnavailableStoreClaimsNothing(t *testing.T) {
	down := true
	store, direct, _ := storeBehind(t, func(string, int) fault {
		if down {
			return throttle
		}
		return none
	})
	_, l := linktest.New()
	if err := direct.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Claim(t.Context(), l.ID, testClaim("a"), false); !errors.Is(err, link.ErrUnavailable) || errors.Is(err, link.ErrRefused) {
		t.Errorf("Claim error = %v; want ErrUnavailable", err)
	}
	down = false
	if _, err := store.Claim(t.Context(), l.ID, testClaim("b"), false); err != nil {
		t.Errorf("Claim after the store is back error = %v; want none", err)
	}
}

func TestRacingClaimsThroughFaultsNeverExceedTheUses(t *testing.T) {
	const uses, claimers = 3, 60
	store, direct, _ := storeBehind(t, func(string, int) fault {
		return []fault{none, none, lose, throttle}[rand.N(4)]
	})
	_, l := linktest.New()
	l.Uses, l.Remaining = uses, uses
	if err := direct.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	won := make([]bool, claimers)
	var wg sync.WaitGroup
	for i := range claimers {
		wg.Go(func() {
			_, err := store.Claim(t.Context(), l.ID, testClaim(fmt.Sprint("attempt-", i)), false)
			won[i] = err == nil
			if err != nil && !errors.Is(err, link.ErrRefused) && !errors.Is(err, link.ErrUnavailable) {
				t.Errorf("claimer %d was told %v", i, err)
			}
		})
	}
	wg.Wait()
	got, err := direct.Get(t.Context(), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Claims)+got.Remaining != uses {
		t.Errorf("%d claims and %d remaining; want %d in all", len(got.Claims), got.Remaining, uses)
	}
	for i, won := range won {
		recorded := slices.ContainsFunc(got.Claims, func(c link.Claim) bool { return c.Attempt == fmt.Sprint("attempt-", i) })
		if won && !recorded {
			t.Errorf("claimer %d won without a recorded claim", i)
		}
	}
}

func TestCallsOfTheTable(t *testing.T) {
	store, direct, proxy := storeBehind(t, func(string, int) fault { return none })
	_, l := linktest.New()
	if err := direct.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Claim(t.Context(), l.ID, testClaim("a"), false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"UpdateItem": 1}, proxy.counted()); diff != "" {
		t.Errorf("calls of a claim mismatch (-want +got):\n%s", diff)
	}
	if _, err := store.Claim(t.Context(), link.NewToken().ID(), testClaim("a"), false); !errors.Is(err, link.ErrUnknown) {
		t.Fatal(err)
	}
	// One conditional call, and a read for the log's true reason.
	if diff := cmp.Diff(map[string]int{"UpdateItem": 2, "GetItem": 1}, proxy.counted()); diff != "" {
		t.Errorf("calls after an unknown token mismatch (-want +got):\n%s", diff)
	}
}

func TestForeignRowFailsClosed(t *testing.T) {
	table := linkstoretest.NewTable(t)
	store := storeOf(table, table.Endpoint)
	id := link.NewToken().ID()
	if _, err := table.Client.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: &table.Name,
		Item:      map[string]types.AttributeValue{contract.TablePartitionKey: &types.AttributeValueMemberS{Value: string(id)}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), id); !errors.Is(err, link.ErrUnavailable) {
		t.Errorf("Get error = %v; want ErrUnavailable", err)
	}
}
