// Package linkstoretest gives tests a table of links on a real DynamoDB server.
package linkstoretest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/link"
)

// EndpointVariable names a DynamoDB endpoint to test on instead of dynalite,
// with the credentials and the region of the environment, for example
// https://dynamodb.eu-central-1.amazonaws.com.
const EndpointVariable = "ONEDOOR_TEST_DYNAMODB"

// server is a DynamoDB endpoint and how to get in.
type server struct {
	endpoint    string
	region      string
	credentials aws.Credentials
}

// dynamoDB returns the endpoint that the variable names, or dynalite, which is
// started once for all tests.
var dynamoDB = sync.OnceValues(func() (server, error) {
	if endpoint := os.Getenv(EndpointVariable); endpoint != "" {
		settings, err := config.LoadDefaultConfig(context.Background())
		if err != nil {
			return server{}, err
		}
		credentials, err := settings.Credentials.Retrieve(context.Background())
		return server{endpoint: endpoint, region: settings.Region, credentials: credentials}, err
	}
	endpoint, err := startDynalite()
	return server{
		endpoint:    endpoint,
		region:      "eu-central-1",
		credentials: aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"},
	}, err
})

// stopDynalite ends what startDynalite started.
var stopDynalite = func() {}

// Main runs the tests of a package that uses NewTable: call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	stopDynalite()
	os.Exit(code)
}

func startDynalite() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	bin := filepath.Join(filepath.Dir(file), "../../../../node_modules/.bin")
	if _, err := os.Stat(filepath.Join(bin, "dynalite")); err != nil {
		return "", fmt.Errorf("dynalite is not installed; run make setup: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(address)

	command := exec.Command(filepath.Join(bin, "dynalite"), "--host", "127.0.0.1", "--port", port, "--createTableMs", "0", "--deleteTableMs", "0")
	command.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	if err := command.Start(); err != nil {
		return "", err
	}
	stopDynalite = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	for range 200 {
		if response, err := http.Get("http://" + address); err == nil {
			response.Body.Close()
			return "http://" + address, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", fmt.Errorf("dynalite does not answer on %s", address)
}

// Table is an empty table and how to get at it.
type Table struct {
	Name        string
	Endpoint    string
	Region      string
	Credentials aws.Credentials
	Client      *dynamodb.Client
}

// NewTable creates a table as infra defines it and drops it after the test.
func NewTable(t testing.TB) Table {
	t.Helper()
	s, err := dynamoDB()
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodb.New(dynamodb.Options{
		Region:       s.region,
		BaseEndpoint: &s.endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return s.credentials, nil
		}),
	})
	table := "onedoor-test-" + string(link.NewToken())
	_, err = client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            &table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(contract.TablePartitionKey), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(contract.TablePartitionKey), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamodb.NewTableExistsWaiter(client).Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &table}, time.Minute, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay = 50 * time.Millisecond
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
			t.Errorf("delete table %s: %v", table, err)
		}
	})
	return Table{Name: table, Endpoint: s.endpoint, Region: s.region, Credentials: s.credentials, Client: client}
}
