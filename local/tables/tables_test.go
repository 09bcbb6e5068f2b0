package tables

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"onedoor/local/template/templatetest"
)

var credentials = aws.Credentials{AccessKeyID: "AKIDLOCAL", SecretAccessKey: "local-secret"}

// links is a template of a table with the key.
func links(key string) string {
	return `{"Resources": {"Links": {"Type": "AWS::DynamoDB::Table", "Properties": {
		"AttributeDefinitions": [{"AttributeName": "` + key + `", "AttributeType": "B"}],
		"KeySchema": [{"AttributeName": "` + key + `", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": true,
		"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
		"SSESpecification": {"SSEEnabled": true},
		"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true}
	}}}}`
}

func load(t *testing.T, template string) *Tables {
	t.Helper()
	loaded, err := Load(templatetest.Load(t, map[string]string{"app": template}))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// start runs dynalite with its data in dir.
func start(t *testing.T, loaded *Tables, dir string) (stop func(), err error) {
	t.Helper()
	program, err := filepath.Abs("../../node_modules/.bin/dynalite")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run `make setup`", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := loaded.StartDynalite(ctx, program, dir, credentials)
	if p != nil {
		t.Cleanup(p.Kill)
	}
	return p.Stop, err
}

func TestTablesAndTheirRowsOutliveAStart(t *testing.T) {
	dir := t.TempDir()
	loaded := load(t, links("id"))
	stop, err := start(t, loaded, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(loaded.Endpoint(), "http://127.0.0.1:") {
		t.Errorf("Endpoint() = %q; want one on loopback", loaded.Endpoint())
	}
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberB{Value: []byte{1}}}
	if _, err := loaded.client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("app-Links"), Item: key}); err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := start(t, loaded, dir); err != nil {
		t.Fatal(err)
	}
	got, err := loaded.client().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("app-Links"), Key: key})
	if err != nil || len(got.Item) != 1 {
		t.Errorf("row after a second start = %v, %v; want it kept", got, err)
	}
}

func TestATableWithOtherKeysIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	stop, err := start(t, load(t, links("id")), dir)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	_, err = start(t, load(t, links("hash")), dir)
	if err == nil || !strings.Contains(err.Error(), "table app-Links has other keys than the template says") {
		t.Errorf("start = %v; want an error about the keys", err)
	}
}

func TestLoadNamesWhatItDoesNotUnderstand(t *testing.T) {
	for old, want := range map[string]string{
		`"DeletionProtectionEnabled": true`: "property GlobalSecondaryIndexes: not understood",
		`"BillingMode": "PAY_PER_REQUEST"`:  "only PAY_PER_REQUEST is understood",
	} {
		template := strings.Replace(links("id"), old, `"GlobalSecondaryIndexes": []`, 1)
		if strings.Contains(want, "PAY_PER_REQUEST") {
			template = strings.Replace(links("id"), old, `"BillingMode": "PROVISIONED"`, 1)
		}
		_, err := Load(templatetest.Load(t, map[string]string{"app": template}))
		if err == nil || !strings.Contains(err.Error(), "resource Links (AWS::DynamoDB::Table): ") || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v; want an error that says %q", err, want)
		}
	}
	if !load(t, `{"Resources": {}}`).None() {
		t.Error("None() = false without a table")
	}
}
