#include "normalise/aws_layout.hpp"

#include <algorithm>
#include <array>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::normalise {

using event::Field;
using event::Record;
using event::Value;

namespace {

// Azure Monitor's reference of these tables beside AWS's of the records.
constexpr auto kCloudTrail = std::to_array<PathColumn>({
    {"eventID", "AwsEventId"},
    {"eventVersion", "EventVersion"},
    {"eventSource", "EventSource"},
    {"eventType", "EventTypeName"},
    {"eventName", "EventName"},
    {"userIdentity.type", "UserIdentityType"},
    {"userIdentity.principalId", "UserIdentityPrincipalid"},
    {"userIdentity.arn", "UserIdentityArn"},
    {"userIdentity.accountId", "UserIdentityAccountId"},
    {"userIdentity.invokedBy", "UserIdentityInvokedBy"},
    {"userIdentity.accessKeyId", "UserIdentityAccessKeyId"},
    {"userIdentity.userName", "UserIdentityUserName"},
    {"userIdentity.onBehalfOf.userId", "UserIdentityUserId"},
    {"userIdentity.onBehalfOf.identityStoreArn", "UserIdentityStoreArn"},
    {"userIdentity.sessionContext.attributes.mfaAuthenticated", "SessionMfaAuthenticated"},
    {"userIdentity.sessionContext.attributes.creationDate", "SessionCreationDate"},
    {"userIdentity.sessionContext.sessionIssuer.type", "SessionIssuerType"},
    {"userIdentity.sessionContext.sessionIssuer.principalId", "SessionIssuerPrincipalId"},
    {"userIdentity.sessionContext.sessionIssuer.arn", "SessionIssuerArn"},
    {"userIdentity.sessionContext.sessionIssuer.accountId", "SessionIssuerAccountId"},
    {"userIdentity.sessionContext.sessionIssuer.userName", "SessionIssuerUserName"},
    {"userIdentity.sessionContext.ec2RoleDelivery", "EC2RoleDelivery"},
    {"awsRegion", "AWSRegion"},
    {"sourceIPAddress", "SourceIpAddress"},
    {"userAgent", "UserAgent"},
    {"errorCode", "ErrorCode"},
    {"errorMessage", "ErrorMessage"},
    {"requestParameters", "RequestParameters", PathKind::json},
    {"responseElements", "ResponseElements", PathKind::json},
    {"additionalEventData", "AdditionalEventData", PathKind::json},
    {"requestID", "AwsRequestId"},
    {"requestID", "AwsRequestId_"},
    {"resources", "Resources", PathKind::json},
    {"apiVersion", "APIVersion"},
    {"readOnly", "ReadOnly"},
    {"recipientAccountId", "RecipientAccountId"},
    {"serviceEventDetails", "ServiceEventDetails", PathKind::json},
    {"insightDetails", "ServiceEventDetails", PathKind::json},
    {"sharedEventID", "SharedEventId"},
    {"vpcEndpointId", "VpcEndpointId"},
    {"managementEvent", "ManagementEvent"},
    {"eventCategory", "Category"},
    {"tlsDetails.tlsVersion", "TlsVersion"},
    {"tlsDetails.cipherSuite", "CipherSuite"},
    {"tlsDetails.clientProvidedHostHeader", "ClientProvidedHostHeader"},
});

constexpr auto kGuardDuty = std::to_array<PathColumn>({
    {"schemaVersion", "SchemaVersion"},
    {"accountId", "AccountId"},
    {"region", "Region"},
    {"partition", "Partition"},
    {"id", "Id"},
    {"arn", "Arn"},
    {"type", "ActivityType"},
    {"resource", "ResourceDetails", PathKind::json},
    {"service", "ServiceDetails", PathKind::json},
    {"severity", "Severity"},
    {"createdAt", "TimeCreated"},
    {"updatedAt", "TimeGenerated"},
    {"title", "Title"},
    {"description", "Description"},
});

constexpr auto kVpcFlow = std::to_array<PathColumn>({
    {"version", "Version"},
    {"account-id", "AccountId"},
    {"interface-id", "InterfaceId"},
    {"srcport", "SrcPort"},
    {"dstport", "DstPort"},
    {"protocol", "Protocol"},
    {"packets", "Packets"},
    {"bytes", "Bytes"},
    {"action", "Action"},
    {"log-status", "LogStatus"},
    {"vpc-id", "VpcId"},
    {"subnet-id", "SubnetId"},
    {"instance-id", "InstanceId"},
    {"tcp-flags", "TcpFlags"},
    {"region", "Region"},
    {"az-id", "AzId"},
    {"sublocation-type", "SublocationType"},
    {"sublocation-id", "SublocationId"},
    {"flow-direction", "FlowDirection"},
    {"traffic-path", "TrafficPath"},
    {"ecs-cluster-arn", "EcsClusterArn"},
    {"ecs-cluster-name", "EcsClusterName"},
    {"ecs-container-instance-arn", "EcsContainerInstanceArn"},
    {"ecs-container-instance-id", "EcsContainerInstanceId"},
    {"ecs-container-id", "EcsContainerId"},
    {"ecs-second-container-id", "EcsSecondContainerId"},
    {"ecs-service-name", "EcsServiceName"},
    {"ecs-task-definition-arn", "EcsTaskDefinitionArn"},
    {"ecs-task-arn", "EcsTaskArn"},
    {"ecs-task-id", "EcsTaskId"},
    {"srcaddr", "SrcAddr"},
    {"dstaddr", "DstAddr"},
    {"type", "TrafficType"},
    {"pkt-srcaddr", "PktSrcAddr"},
    {"pkt-dstaddr", "PktDstAddr"},
    {"pkt-src-aws-service", "PktSrcAwsService"},
    {"pkt-dst-aws-service", "PktDstAwsService"},
    {"start", "Start", PathKind::epoch_seconds},
    {"end", "End", PathKind::epoch_seconds},
});

constexpr auto kCloudWatch = std::to_array<PathColumn>({
    {"Message", "Message"},
});

constexpr auto kWaf = std::to_array<PathColumn>({
    {"action", "Action"},
    {"formatVersion", "FormatVersion"},
    {"captchaResponse", "CaptchaResponse", PathKind::json},
    {"challengeResponse", "ChallengeResponse", PathKind::json},
    {"httpRequest.clientIp", "ClientIp"},
    {"httpRequest.country", "Country"},
    {"httpRequest.args", "Args"},
    {"httpRequest.headers", "Headers", PathKind::json},
    {"httpRequest.httpMethod", "HttpMethod"},
    {"httpRequest.httpVersion", "HttpVersion"},
    {"httpRequest.requestId", "RequestId"},
    {"httpRequest.uri", "Uri"},
    {"httpRequest", "HttpRequest", PathKind::json},
    {"httpSourceId", "HttpSourceId"},
    {"httpSourceName", "HttpSourceName"},
    {"ja3Fingerprint", "Ja3Fingerprint"},
    {"labels", "Labels", PathKind::json},
    {"excludedRules", "ExcludedRules", PathKind::json},
    {"nonTerminatingMatchingRules", "NonTerminatingMatchingRules", PathKind::json},
    {"oversizeFields", "OversizeFields", PathKind::json},
    {"rateBasedRuleList", "RateBasedRuleList", PathKind::json},
    {"requestHeadersInserted", "RequestHeadersInserted", PathKind::json},
    {"responseCodeSent", "ResponseCodeSent"},
    {"ruleGroupList", "RuleGroupList", PathKind::json},
    {"terminatingRuleId", "TerminatingRuleId"},
    {"terminatingRuleMatchDetails", "TerminatingRuleMatchDetails", PathKind::json},
    {"terminatingRuleType", "TerminatingRuleType"},
    {"webaclId", "WebAclId"},
    {"timestamp", "TimeGenerated", PathKind::epoch_milliseconds},
});

constexpr auto kS3ServerAccess = std::to_array<PathColumn>({
    {"bucket_owner", "BucketOwner"},
    {"bucket", "Bucket"},
    {"remote_ip", "RemoteIp"},
    {"requester", "Requester"},
    {"request_id", "RequestId"},
    {"operation", "Operation"},
    {"key", "Key"},
    {"request_uri", "RequestUri"},
    {"http_status", "HttpStatus"},
    {"error_code", "ErrorCode"},
    {"bytes_sent", "BytesSent"},
    {"object_size", "ObjectSize"},
    {"total_time", "TotalTime"},
    {"turn_around_time", "TurnAroundTime"},
    {"referer", "Referer"},
    {"user_agent", "UserAgent"},
    {"version_id", "VersionId"},
    {"host_id", "HostId"},
    {"signature_version", "SignatureVersion"},
    {"cipher_suite", "CipherSuite"},
    {"authentication_type", "AuthenticationType"},
    {"host_header", "HostHeader"},
    {"tls_version", "TLSVersion"},
    {"access_point_arn", "AccessPointARN"},
    {"acl_required", "ACLRequired"},
});

constexpr auto kAlbAccess = std::to_array<PathColumn>({
    {"type", "ALBType"},
    {"elb", "Alb"},
    {"client_ip", "ClientIp"},
    {"client_port", "ClientPort"},
    {"target_ip", "TargetIp"},
    {"target_port", "TargetPort"},
    {"request_processing_time", "RequestProcessingTime"},
    {"target_processing_time", "TargetProcessingTime"},
    {"response_processing_time", "ResponseProcessingTime"},
    {"elb_status_code", "ElbStatusCode"},
    {"target_status_code", "TargetStatusCode"},
    {"received_bytes", "ReceivedBytes"},
    {"sent_bytes", "SentBytes"},
    {"request", "Request"},
    {"user_agent", "UserAgent"},
    {"ssl_cipher", "SslCipher"},
    {"ssl_protocol", "SslProtocol"},
    {"target_group_arn", "TargetGroupArn"},
    {"trace_id", "TraceId"},
    {"domain_name", "DomainName"},
    {"chosen_cert_arn", "ChosenCertArn"},
    {"matched_rule_priority", "MatchedRulePriority"},
    {"request_creation_time", "RequestCreationTime"},
    {"actions_executed", "ActionsExecuted"},
    {"redirect_url", "RedirectUrl"},
    {"error_reason", "ErrorReason"},
    {"target_list", "TargetPortList"},
    {"target_status_code_list", "TargetStatusCodeList"},
    {"classification", "Classification"},
    {"classification_reason", "ClassificationReason"},
    {"conn_trace_id", "ConnTraceId"},
});

constexpr auto kNlbAccess = std::to_array<PathColumn>({
    {"type", "NLBType"},
    {"version", "Version"},
    {"elb", "Nlb"},
    {"listener", "Listener"},
    {"client_ip", "ClientIp"},
    {"client_port", "ClientPort"},
    {"destination_ip", "DestinationIp"},
    {"destination_port", "DestinationPort"},
    {"connection_time", "ConnectionTime"},
    {"tls_handshake_time", "TlsHandshakeTime"},
    {"received_bytes", "ReceivedBytes"},
    {"sent_bytes", "SentBytes"},
    {"incoming_tls_alert", "IncomingTlsAlert"},
    {"chosen_cert_arn", "ChosenCertArn"},
    {"chosen_cert_serial", "ChosenCertSerial"},
    {"tls_cipher", "TlsCipher"},
    {"tls_protocol_version", "TlsProtocolVersion"},
    {"tls_named_group", "TlsNamedGroup"},
    {"domain_name", "DomainName"},
    {"alpn_fe_protocol", "AlpnFeProtocol"},
    {"alpn_be_protocol", "AlpnBeProtocol"},
    {"alpn_client_preference_list", "AlpnClientPreferenceList"},
    {"tls_connection_creation_time", "TlsConnectionCreationTime"},
});

constexpr auto kElbFlow = std::to_array<PathColumn>({
    {"version", "Version"},
    {"account-id", "AccountId"},
    {"interface-id", "InterfaceId"},
    {"srcaddr", "SourceAddress"},
    {"dstaddr", "DestinationAddress"},
    {"srcport", "SourcePort"},
    {"dstport", "DestinationPort"},
    {"protocol", "Protocol"},
    {"packets", "Packets"},
    {"bytes", "Bytes"},
    {"start", "StartTime", PathKind::epoch_seconds},
    {"end", "EndTime", PathKind::epoch_seconds},
    {"action", "Action"},
    {"log-status", "LogStatus"},
});

// Kubernetes' audit.k8s.io/v1 events, as the control plane of EKS writes them.
constexpr auto kEks = std::to_array<PathColumn>({
    {"requestReceivedTimestamp", "TimeGenerated"},
    {"verb", "Verb"},
    {"user.username", "User"},
    {"sourceIPs", "SourceIPs", PathKind::json},
    {"userAgent", "UserAgent"},
    {"objectRef", "ObjectRef", PathKind::json},
    {"responseStatus.code", "ResponseCode"},
    {"stage", "Stage"},
    {"annotations.authorization.k8s.io/decision", "AuthDecision"},
});

constexpr auto kRoute53Resolver = std::to_array<PathColumn>({
    {"version", "Version"},
    {"account_id", "AccountId"},
    {"region", "Region"},
    {"vpc_id", "VpcId"},
    {"query_timestamp", "TimeGenerated"},
    {"query_name", "QueryName"},
    {"query_type", "QueryType"},
    {"query_class", "QueryClass"},
    {"rcode", "Rcode"},
    {"answers", "Answers", PathKind::json},
    {"srcaddr", "SrcAddr"},
    {"srcport", "SrcPort"},
    {"transport", "Transport"},
    {"srcids", "SrcIds", PathKind::json},
    {"firewall_rule_action", "FirewallRuleAction"},
    {"firewall_rule_group_id", "FirewallRuleGroupId"},
    {"firewall_domain_list_id", "FirewallDomainListId"},
});

constexpr std::string_view kLakeEvent = "eventData.";

// {"b":..,"c":{"d":..}} of fields whose names share the first `skip` characters. Members of one object stand together; of a name
// twice the first stands.
void append_tree(std::string& out, std::span<const Field* const> fields, std::size_t skip) {
  out += '{';
  bool first = true;
  std::vector<const Field*> below;
  std::vector<std::string_view> done;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields[i]->name.substr(skip);
    const auto dot = name.find('.');
    const auto own = name.substr(0, dot);
    if (std::ranges::find(done, own) != done.end()) continue;
    done.push_back(own);
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, own);
    out += ':';
    if (dot == std::string_view::npos || skip > 1024) {
      event::append_json(out, fields[i]->value);
      continue;
    }
    const auto shared = fields[i]->name.substr(0, skip + dot + 1);
    below.clear();
    for (std::size_t j = i; j < fields.size(); ++j)
      if (fields[j]->name.starts_with(shared)) below.push_back(fields[j]);
    append_tree(out, std::vector<const Field*>(below), shared.size());
  }
  out += '}';
}

const Value* member(const Value& object, std::string_view name) {
  if (object.kind() != Value::Kind::object) return nullptr;
  for (const auto& one : object.as_object())
    if (one.name == name) return &one.value;
  return nullptr;
}

// The first element of a list below a member: {"items":[{...}]}.
const Value* first_item(const Value* list) {
  if (list != nullptr && list->kind() == Value::Kind::object) list = member(*list, "items");
  return list != nullptr && list->kind() == Value::Kind::list && !list->as_list().empty() ? &list->as_list().front() : nullptr;
}

}  // namespace

std::span<const PathColumn> aws_paths(std::string_view table) {
  if (table == "AWSCloudTrail") return kCloudTrail;
  if (table == "AWSGuardDuty") return kGuardDuty;
  if (table == "AWSVPCFlow") return kVpcFlow;
  if (table == "AWSCloudWatch") return kCloudWatch;
  if (table == "AWSWAF") return kWaf;
  if (table == "AWSRoute53Resolver") return kRoute53Resolver;
  if (table == "AWSS3ServerAccess") return kS3ServerAccess;
  if (table == "AWSALBAccessLogs") return kAlbAccess;
  if (table == "AWSNLBAccessLogs") return kNlbAccess;
  if (table == "AWSELBFlowLogs") return kElbFlow;
  if (table == "AWSEKSLogs_CL") return kEks;
  return {};
}

AwsLayout::AwsLayout(const event::TableSchema& schema, std::span<const PathColumn> paths) {
  const auto column = [&](std::string_view name) { return schema.find(name).value_or(kNoColumn); };
  for (const auto& one : paths) {
    if (column(one.column) == kNoColumn) continue;
    exact_.emplace(one.path, Target{column(one.column), one.kind});
    if (one.kind == PathKind::json) trees_.emplace_back(std::string(one.path) + ".", column(one.column));
  }
  source_system_ = column("SourceSystem");
  time_generated_ = column("TimeGenerated");
  is_trail_ = schema.name == "AWSCloudTrail";
  ip_protocol_ = column("IpProtocol");
  source_port_ = column("SourcePort");
  destination_port_ = column("DestinationPort");
  cidr_ip_ = column("CidrIp");
  raw_ = schema.name == "AWSEKSLogs_CL" ? column("RawEvent") : kNoColumn;
}

void AwsLayout::add(TableWriter& rows, const Record& record, std::string& scratch) const {
  rows.begin_row(record);
  rows.text(source_system_, "AWS");
  rows.text(raw_, record.header().origin.raw);
  std::vector<std::pair<std::size_t, std::vector<const Field*>>> below;
  const Value* permission = nullptr;
  for (const Field& f : record.own_fields()) {
    // CloudTrail Lake wraps the event: {"eventMetadata": ..., "eventData": {...}}.
    const std::size_t wrapped = is_trail_ && f.name.starts_with(kLakeEvent) ? kLakeEvent.size() : 0;
    const auto name = f.name.substr(wrapped);
    if (wrapped != 0 && name == "eventTime") rows.value(time_generated_, f.value);
    const auto [begin, end] = exact_.equal_range(name);
    for (auto target = begin; target != end; ++target) {
      const auto& [column, kind] = target->second;
      if (f.value.is_null()) continue;
      switch (kind) {
        case PathKind::value: rows.value(column, f.value); break;
        case PathKind::epoch_seconds: rows.int64(column, f.value.as_int64() * kTicksPerSecond); break;
        case PathKind::epoch_milliseconds: rows.int64(column, f.value.as_int64() * 10'000); break;
        case PathKind::json:
          // A text stays what it is; lists and objects become JSON.
          if (f.value.is_string()) {
            rows.value(column, f.value);
            break;
          }
          scratch.clear();
          event::append_json(scratch, f.value);
          rows.text(column, rows.arena().copy(scratch));
          break;
      }
    }
    for (const auto& [prefix, column] : trees_)
      if (name.starts_with(prefix)) {
        auto at = std::ranges::find(below, column, [](const auto& one) { return one.first; });
        if (at == below.end()) at = below.insert(below.end(), {column, {}});
        at->second.push_back(&f);
      }
    if (is_trail_ && name == "requestParameters.ipPermissions.items") permission = f.value.kind() == Value::Kind::list && !f.value.as_list().empty() ? &f.value.as_list().front() : nullptr;
  }
  for (const auto& [column, fields] : below) {
    scratch.clear();
    const auto& name = fields.front()->name;
    std::size_t skip = 0;
    const std::size_t wrapped = is_trail_ && name.starts_with(kLakeEvent) ? kLakeEvent.size() : 0;
    for (const auto& [prefix, target] : trees_)
      if (target == column && name.substr(wrapped).starts_with(prefix)) skip = wrapped + prefix.size();
    append_tree(scratch, fields, skip);
    rows.text(column, rows.arena().copy(scratch));
  }
  if (permission == nullptr) return;
  // Rules of security groups: the first permission's protocol, ports and range.
  const auto put = [&](std::size_t column, const Value* value) {
    if (column != kNoColumn && value != nullptr && !value->is_null()) rows.value(column, *value);
  };
  put(ip_protocol_, member(*permission, "ipProtocol"));
  put(source_port_, member(*permission, "fromPort"));
  put(destination_port_, member(*permission, "toPort"));
  const Value* range = first_item(member(*permission, "ipRanges"));
  put(cidr_ip_, range == nullptr ? nullptr : member(*range, "cidrIp"));
}

}  // namespace yagura::normalise
