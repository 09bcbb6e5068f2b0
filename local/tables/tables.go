// Package tables is DynamoDB for one machine: the tables of the template on
// dynalite.
//
// dynalite has no time to live: expired rows stay. Nothing may rely on their
// going anyway, since DynamoDB deletes them days late.
package tables

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"onedoor/local/process"
	"onedoor/local/template"
)

// TableType is the resource type that this package serves.
const TableType = "AWS::DynamoDB::Table"

// Tables are the app's tables.
type Tables struct {
	tables   []dynamodb.CreateTableInput
	region   string
	endpoint string

	credentials aws.Credentials
}

// Load reads the app's tables.
func Load(a *template.Assembly) (*Tables, error) {
	t := &Tables{region: template.DefaultRegion}
	for _, r := range a.Resources(TableType) {
		var p struct {
			AttributeDefinitions []struct{ AttributeName, AttributeType string }
			BillingMode          string
			KeySchema            []struct{ AttributeName, KeyType string }
			TableName            string

			// dynalite has none of these.
			DeletionProtectionEnabled, PointInTimeRecoverySpecification template.Ignored
			SSESpecification, Tags, TimeToLiveSpecification             template.Ignored
		}
		if err := r.Decode(&p); err != nil {
			return nil, err
		}
		if p.BillingMode != string(types.BillingModePayPerRequest) {
			return nil, r.Errorf("property BillingMode: only PAY_PER_REQUEST is understood by the local door, got %q", p.BillingMode)
		}
		name, err := r.Name()
		if err != nil {
			return nil, err
		}
		table := dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
		for _, d := range p.AttributeDefinitions {
			table.AttributeDefinitions = append(table.AttributeDefinitions, types.AttributeDefinition{
				AttributeName: aws.String(d.AttributeName), AttributeType: types.ScalarAttributeType(d.AttributeType),
			})
		}
		for _, k := range p.KeySchema {
			table.KeySchema = append(table.KeySchema, types.KeySchemaElement{
				AttributeName: aws.String(k.AttributeName), KeyType: types.KeyType(k.KeyType),
			})
		}
		t.tables = append(t.tables, table)
		t.region = r.Stack.Region
	}
	return t, nil
}

// None reports whether the app has no table, so needs no DynamoDB.
func (t *Tables) None() bool { return len(t.tables) == 0 }

// Endpoint is the URL of the server.
func (t *Tables) Endpoint() string { return t.endpoint }

// StartDynalite starts the program with its data in dir and readies the
// tables. The process is returned even when that fails.
func (t *Tables) StartDynalite(ctx context.Context, program, dir string, credentials aws.Credentials) (*process.Process, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	bin, err := filepath.Abs(filepath.Dir(program))
	if err != nil {
		return nil, err
	}
	p, err := process.Start(process.Command{
		Name: "dynalite",
		Path: program,
		Args: []string{"--host", host, "--port", port, "--path", dir, "--createTableMs", "0"},
		// It is a script; the Node.js that runs it lies beside it.
		Env: []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")},
	})
	if err != nil {
		return nil, err
	}
	t.connect("http://"+address, credentials)
	if err := p.Await(ctx, t.answers); err != nil {
		return p, err
	}
	return p, t.create(ctx)
}

// Use takes another DynamoDB server instead of dynalite and readies the
// tables.
func (t *Tables) Use(ctx context.Context, server *url.URL, credentials aws.Credentials) error {
	t.connect(server.String(), credentials)
	if err := t.answers(ctx); err != nil {
		return fmt.Errorf("DynamoDB at %s: %w", server, err)
	}
	return t.create(ctx)
}

func (t *Tables) connect(endpoint string, credentials aws.Credentials) {
	t.endpoint, t.credentials = endpoint, credentials
}

func (t *Tables) client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint:     &t.endpoint,
		Region:           t.region,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return t.credentials, nil
		}),
	})
}

func (t *Tables) answers(ctx context.Context) error {
	_, err := t.client().ListTables(ctx, &dynamodb.ListTablesInput{})
	return err
}

// create creates the tables that aren't there yet and checks those that are.
func (t *Tables) create(ctx context.Context) error {
	for _, table := range t.tables {
		name := *table.TableName
		existing, err := t.client().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err == nil {
			if !slices.EqualFunc(existing.Table.KeySchema, table.KeySchema, sameKey) {
				return fmt.Errorf("table %s has other keys than the template says; delete its data to have it made anew", name)
			}
			continue
		}
		if missing := (*types.ResourceNotFoundException)(nil); !errors.As(err, &missing) {
			return fmt.Errorf("look for table %s: %w", name, err)
		}
		if _, err := t.client().CreateTable(ctx, &table); err != nil {
			return fmt.Errorf("create table %s: %w", name, err)
		}
		active := dynamodb.NewTableExistsWaiter(t.client(), func(o *dynamodb.TableExistsWaiterOptions) {
			o.MinDelay = 10 * time.Millisecond
		})
		if err := active.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
			return fmt.Errorf("wait for table %s: %w", name, err)
		}
	}
	return nil
}

func sameKey(x, y types.KeySchemaElement) bool {
	return aws.ToString(x.AttributeName) == aws.ToString(y.AttributeName) && x.KeyType == y.KeyType
}
