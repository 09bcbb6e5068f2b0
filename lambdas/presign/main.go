// Command presign is the Lambda function behind GET and HEAD /presign/{key}. It
// answers with a redirect to the object's URL, presigned for the same method,
// or with that URL as JSON.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/env"
	"onedoor/lambdas/internal/presign"
)

func main() {
	logger := lambdacontext.NewLogger()
	h, err := newHandler(os.LookupEnv, time.Now, logger)
	if err != nil {
		logger.Error("presign does not start", "error", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(h.handle)
}

func newHandler(lookup func(string) (string, bool), now func() time.Time, logger *slog.Logger) (*handler, error) {
	r := env.NewReader(lookup)
	h := &handler{
		signer: presign.NewSigner(r.Credentials(), r.String("AWS_REGION"), r.Host(contract.EnvDomain), r.Host(contract.EnvS3Host)),
		status: r.OneOf(contract.EnvRedirectStatus, 301, 302, 303, 307),
		now:    now,
		logger: logger,
	}
	h.bounds.Default, h.bounds.Max = r.TTLs(contract.EnvTTLDefault, contract.EnvTTLMax, presign.MaxTTL)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return h, nil
}
