// Command links is the Lambda function behind /presign/links: it creates
// one-time links, shows their state without using them up, and revokes them. It
// touches the table only.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/env"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/linkstore"
	"onedoor/lambdas/internal/presign"
)

func main() {
	logger := lambdacontext.NewLogger()
	h, err := newHandler(os.LookupEnv, time.Now, logger)
	if err != nil {
		logger.Error("links does not start", "error", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(h.handle)
}

// Bounds of the settings; infra has the same.
const (
	maxLinkTTL   = 366 * 24 * time.Hour
	maxRetention = 10 * 366 * 24 * time.Hour
)

func newHandler(lookup func(string) (string, bool), now func() time.Time, logger *slog.Logger) (*handler, error) {
	r := env.NewReader(lookup)
	h := &handler{
		store:  linkstore.New(r.Credentials(), r.String("AWS_REGION"), r.Optional("AWS_ENDPOINT_URL_DYNAMODB"), r.String(contract.EnvTable)),
		domain: r.Host(contract.EnvDomain),
		now:    now,
		logger: logger,
	}
	h.limits = link.Limits{
		MaxWindow: r.Seconds(contract.EnvTTLMax, 1, int(presign.MaxTTL/time.Second)),
		Retention: r.Seconds(contract.EnvLinkRetention, 0, int(maxRetention/time.Second)),
	}
	h.limits.DefaultTTL, h.limits.MaxTTL = r.TTLs(contract.EnvLinkTTLDefault, contract.EnvLinkTTLMax, maxLinkTTL)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return h, nil
}
