// Package objects is S3 for one machine: the buckets of the template on
// versitygw, behind a front that is as strict as S3 where versitygw isn't.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"onedoor/local/process"
	"onedoor/local/template"
)

// BucketType is the resource type that this package serves.
const BucketType = "AWS::S3::Bucket"

// Store is the app's buckets.
type Store struct {
	buckets []bucket
	region  string
	// served is the bucket that the door asks for, under the name host.
	served, host string

	credentials aws.Credentials
	upstream    *url.URL
	transport   http.RoundTripper
}

type bucket struct {
	name      string
	versioned bool
}

// Load reads the app's buckets.
func Load(a *template.Assembly) (*Store, error) {
	s := &Store{region: template.DefaultRegion, transport: newTransport()}
	for _, r := range a.Resources(BucketType) {
		var p struct {
			BucketName              string
			VersioningConfiguration struct{ Status string }

			// Local credentials may do everything, nobody else may do anything,
			// and objects stay until the data folder is deleted.
			AccessControl, BucketEncryption, LifecycleConfiguration template.Ignored
			LoggingConfiguration, OwnershipControls                 template.Ignored
			PublicAccessBlockConfiguration, Tags                    template.Ignored
		}
		if err := r.Decode(&p); err != nil {
			return nil, err
		}
		name, err := r.Name()
		if err != nil {
			return nil, err
		}
		s.region = r.Stack.Region
		s.buckets = append(s.buckets, bucket{name, p.VersioningConfiguration.Status == "Enabled"})
	}
	return s, nil
}

// Serve says under which names the door asks for buckets. S3 takes the bucket
// from Host in two ways: Host is the bucket's name, or the name followed by
// the region's S3 host. versitygw can do one of them at a time, for one bucket
// of the first kind.
func (s *Store) Serve(hosts []string) error {
	if len(hosts) != 1 {
		return fmt.Errorf("want one Host that leads to a bucket, got %q", hosts)
	}
	s.host = hosts[0]
	s.served, _ = strings.CutSuffix(s.host, "."+s.regionalHost())
	if !slices.ContainsFunc(s.buckets, func(b bucket) bool { return b.name == s.served }) {
		return fmt.Errorf("the door asks S3 for %s, which is no bucket of the app", s.host)
	}
	return nil
}

func (s *Store) regionalHost() string { return "s3." + s.region + ".amazonaws.com" }

// virtualDomain is what versitygw has to take off Host to get the bucket.
func (s *Store) virtualDomain() string {
	if s.host != s.served {
		return s.regionalHost()
	}
	_, rest, _ := strings.Cut(s.host, ".")
	return rest
}

// StartVersitygw starts the program with its data in dir and readies the
// buckets. The process is returned even when that fails.
func (s *Store) StartVersitygw(ctx context.Context, program, dir string, credentials aws.Credentials) (*process.Process, error) {
	dir, err := filepath.Abs(dir) // versitygw changes into its root
	if err != nil {
		return nil, err
	}
	roots := roots{filepath.Join(dir, "buckets"), filepath.Join(dir, "versions")}
	if err := roots.create(); err != nil {
		return nil, err
	}
	if s.host == s.served {
		if err := roots.link(s.served); err != nil {
			return nil, err
		}
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(process.Command{
		Name: "versitygw",
		Path: program,
		Args: []string{
			"--port", address, "--region", s.region, "--virtual-domain", s.virtualDomain(), "--keep-alive", "--quiet",
			"posix", "--bucketlinks", "--versioning-dir", roots.versions, roots.buckets,
		},
		Env: []string{
			"ROOT_ACCESS_KEY_ID=" + credentials.AccessKeyID,
			"ROOT_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
		},
	})
	if err != nil {
		return nil, err
	}
	s.connect(&url.URL{Scheme: "http", Host: address}, credentials)
	if err := p.Await(ctx, s.answers); err != nil {
		return p, err
	}
	return p, s.createBuckets(ctx)
}

// Use takes another S3 server instead of versitygw and readies the buckets.
func (s *Store) Use(ctx context.Context, server *url.URL, credentials aws.Credentials) error {
	s.connect(server, credentials)
	if err := s.answers(ctx); err != nil {
		return fmt.Errorf("S3 at %s: %w", server, err)
	}
	return s.createBuckets(ctx)
}

func (s *Store) connect(server *url.URL, credentials aws.Credentials) {
	s.upstream, s.credentials = server, credentials
}

// client speaks to the server directly, with buckets in the path.
func (s *Store) client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint:               aws.String(s.upstream.String()),
		Region:                     s.region,
		UsePathStyle:               true,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		RetryMaxAttempts:           1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return s.credentials, nil
		}),
	})
}

func (s *Store) answers(ctx context.Context) error {
	_, err := s.client().ListBuckets(ctx, &s3.ListBucketsInput{})
	return err
}

// createBuckets creates what isn't there yet. What is there stays.
func (s *Store) createBuckets(ctx context.Context) error {
	for _, b := range s.buckets {
		_, err := s.client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b.name})
		if owned := (*types.BucketAlreadyOwnedByYou)(nil); err != nil && !errors.As(err, &owned) {
			return fmt.Errorf("create bucket %s: %w", b.name, err)
		}
		if !b.versioned {
			continue
		}
		_, err = s.client().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket:                  &b.name,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			return fmt.Errorf("enable versioning of bucket %s: %w", b.name, err)
		}
	}
	return nil
}

// Seed puts an object into the bucket that the door serves, unless it has one
// of that key.
func (s *Store) Seed(ctx context.Context, key, contentType string, body io.ReadSeeker) error {
	name := s.served
	_, err := s.client().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &name, Key: &key})
	if err == nil {
		return nil
	}
	if missing := (*types.NotFound)(nil); !errors.As(err, &missing) {
		return fmt.Errorf("look for sample object %s: %w", key, err)
	}
	_, err = s.client().PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, ContentType: &contentType, Body: body})
	if err != nil {
		return fmt.Errorf("put sample object %s: %w", key, err)
	}
	return nil
}

// Endpoint is where the server listens, past the door.
func (s *Store) Endpoint() string { return s.upstream.String() }
