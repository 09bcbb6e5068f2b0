// Command edge is the Lambda function behind /once/{token}, a target of the load
// balancer. It lets exactly as many claims of a one-time link through as the
// link has uses, each with a redirect to a URL that lives for seconds.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/env"
	"onedoor/lambdas/internal/linkstore"
	"onedoor/lambdas/internal/objectinfo"
	"onedoor/lambdas/internal/presign"
)

func main() {
	logger := lambdacontext.NewLogger()
	h, err := newHandler(os.LookupEnv, time.Now, logger)
	if err != nil {
		logger.Error("edge does not start", "error", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(h.handle)
}

func newHandler(lookup func(string) (string, bool), now func() time.Time, logger *slog.Logger) (*handler, error) {
	r := env.NewReader(lookup)
	credentials, region := r.Credentials(), r.String("AWS_REGION")
	h := &handler{
		store:       linkstore.New(credentials, region, r.Optional("AWS_ENDPOINT_URL_DYNAMODB"), r.String(contract.EnvTable)),
		signer:      presign.NewSigner(credentials, region, r.Host(contract.EnvDomain), r.Host(contract.EnvS3Host)),
		sizes:       objectinfo.New(credentials, region, r.URL("AWS_ENDPOINT_URL_S3"), r.String(contract.EnvBucket)),
		bindAddress: r.Bool(contract.EnvBindAddress),
		now:         now,
		logger:      logger,
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return h, nil
}
