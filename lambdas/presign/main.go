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
	"github.com/aws/aws-sdk-go-v2/aws"

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

// newHandler builds the handler from the environment. Lambda puts the execution
// role's session into it and replaces the process before that session ends, so
// signing needs no credential provider.
func newHandler(lookup func(string) (string, bool), now func() time.Time, logger *slog.Logger) (*handler, error) {
	r := env.NewReader(lookup)
	const maxTTL = int(presign.MaxTTL / time.Second)
	credentials := aws.Credentials{
		AccessKeyID:     r.Secret("AWS_ACCESS_KEY_ID", false),
		SecretAccessKey: r.Secret("AWS_SECRET_ACCESS_KEY", false),
		SessionToken:    r.Secret("AWS_SESSION_TOKEN", true),
	}
	h := &handler{
		signer: presign.NewSigner(credentials, r.String("AWS_REGION"), r.Host(contract.EnvDomain), r.Host(contract.EnvS3Host)),
		status: r.OneOf(contract.EnvRedirectStatus, 301, 302, 303, 307),
		now:    now,
		logger: logger,
	}
	longest := r.Int(contract.EnvTTLMax, 1, maxTTL)
	h.bounds = presign.TTLBounds{
		Default: time.Duration(r.Int(contract.EnvTTLDefault, 1, max(longest, 1))) * time.Second,
		Max:     time.Duration(longest) * time.Second,
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return h, nil
}
