// What AWS writes that is neither JSON objects nor syslog: VPC flow logs, documents of CloudWatch Logs
// subscriptions, access logs of S3 and of load balancers.
//
// Total; views point into the raw text or the batch's arena. Stateless, any thread.
#pragma once
#include "event/record.hpp"
#include "formats/syslog.hpp"

namespace yagura::formats {

// A line of blank-separated values. context.columns is "fields=<percent-encoded names>" as the source read them from the object's
// header, or has none: then the fields are those of version 2. Values "-" are left out, numbers become int64; the time is `start`.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
void decode_aws_flow(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

// {"messageType":"DATA_MESSAGE","logGroup":...,"logEvents":[{"id","timestamp","message"}]}: a record for each event, with group,
// stream and owner beside it; none for a CONTROL_MESSAGE. Other JSON is one record, as decode_json makes it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
void decode_aws_cloudwatch(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

// A line of S3's server access log. Values "-" are left out; the time is the request's.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
void decode_aws_s3_access(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

// A line of an access log of Elastic Load Balancing, told by its first value: application ("http", "https", "h2", "grpcs", "ws",
// "wss"), network ("tls"), or classic (the time). The time is the response's; the field source.table says where it belongs.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
void decode_aws_elb(const event::RecordOrigin& origin, const SyslogContext& context, event::RecordBatch& out);

}  // namespace yagura::formats
