// What stands behind the first sentence of the Security log's messages: sections, labels and the data they show. From each event's page
// in Microsoft's "Advanced security audit policy settings" (fields and their order) and the messages as the Event Viewer shows them.
// The explanations that some messages end with are left out.
//
//   [Section]          a heading; [Section ] keeps its blank before the colon, as some have, [Section-] has no colon,
//                      [Section:x] x behind it, [>Section] a tab in the line above
//   Label: Field       an indented line; Label:1 Field with so many tabs, where they are not as the label's length asks for
//   |Label: Field      a line of its own, not indented
//   *Subject           four lines: SubjectUserSid, SubjectUserName, SubjectDomainName, SubjectLogonId
//   .Label: Field      the same without an empty line above
//   >Label: Field      a line of its own with a tab in the line above
//   "text              a line as it stands
//   ~Field, /Field     only the data, behind three tabs or one
//   =Field             data whose %%1234 stay; {Field} several in one value
//   -Target            three lines: TargetSid, TargetUserName, TargetDomainName
#include "normalise/windows_message_tables.hpp"

namespace yagura::normalise {

namespace {

#define YAGURA_USER_ATTRIBUTES                                                                                        \
  "\nSAM Account Name: SamAccountName\nDisplay Name: DisplayName\nUser Principal Name: UserPrincipalName\nHome "      \
  "Directory: HomeDirectory\nHome Drive: HomePath\nScript Path: ScriptPath\nProfile Path: ProfilePath\nUser "         \
  "Workstations: UserWorkstations\nPassword Last Set: PasswordLastSet\nAccount Expires: AccountExpires\nPrimary "     \
  "Group ID: PrimaryGroupId\nAllowed To Delegate To: AllowedToDelegateTo\nOld UAC Value: OldUacValue\nNew UAC "       \
  "Value: NewUacValue\nUser Account Control: UserAccountControl\nUser Parameters:1 UserParameters\nSID History: "     \
  "SidHistory\nLogon Hours: LogonHours"
#define YAGURA_COMPUTER_ATTRIBUTES                                                                                    \
  "\nSAM Account Name: SamAccountName\nDisplay Name: DisplayName\nUser Principal Name: UserPrincipalName\nHome "      \
  "Directory: HomeDirectory\nHome Drive: HomePath\nScript Path: ScriptPath\nProfile Path: ProfilePath\nUser "         \
  "Workstations: UserWorkstations\nPassword Last Set: PasswordLastSet\nAccount Expires: AccountExpires\nPrimary "     \
  "Group ID: PrimaryGroupId\nAllowedToDelegateTo: AllowedToDelegateTo\nOld UAC Value: OldUacValue\nNew UAC Value: "   \
  "NewUacValue\nUser Account Control: UserAccountControl\nUser Parameters:1 UserParameters\nSID History: "            \
  "SidHistory\nLogon Hours: LogonHours\nDNS Host Name: DnsHostName\nService Principal Names: ServicePrincipalNames"
#define YAGURA_PRIVILEGES "\n[Additional Information]\nPrivileges: PrivilegeList"
#define YAGURA_GROUP_ATTRIBUTES \
  "\n[Changed Attributes]\nSAM Account Name: SamAccountName\nSID History: SidHistory" YAGURA_PRIVILEGES
#define YAGURA_NEW_GROUP                                                                                              \
  "[Subject]\n*Subject\n[New Group]\nSecurity ID: TargetSid\nGroup Name: TargetUserName\nGroup Domain: "              \
  "TargetDomainName\n[Attributes]\nSAM Account Name: SamAccountName\nSID History: SidHistory" YAGURA_PRIVILEGES
#define YAGURA_GROUP "\nSecurity ID: TargetSid\nGroup Name: TargetUserName\nGroup Domain: TargetDomainName"
#define YAGURA_MEMBER \
  "[Subject]\n*Subject\n[Member]\nSecurity ID: MemberSid\nAccount Name: MemberName\n[Group]" YAGURA_GROUP YAGURA_PRIVILEGES
#define YAGURA_CHANGED_GROUP "[Subject]\n*Subject\n[Group]" YAGURA_GROUP YAGURA_GROUP_ATTRIBUTES
#define YAGURA_DELETED_GROUP "[Subject]\n*Subject\n[Deleted Group]" YAGURA_GROUP YAGURA_PRIVILEGES
#define YAGURA_TARGET "[Subject]\n*Subject\n[Target Account]\n-Target"
#define YAGURA_PROCESS "\n[Process Information]\nProcess ID: ProcessId\nProcess Name: ProcessName"
#define YAGURA_PROCESS_1 "\n[Process]\nProcess ID:1 ProcessId\nProcess Name:1 ProcessName"
#define YAGURA_DIRECTORY_OBJECT \
  "[Subject]\n*Subject\n[Directory Service]\nName:1 DSName\nType:1 DSType\n[Object]\nDN:1 ObjectDN\nGUID:1 ObjectGUID\nClass:1 ObjectClass"
#define YAGURA_OPERATION "\n[Operation]\nCorrelation ID:1 OpCorrelationID\nApplication Correlation ID:1 AppCorrelationID"
#define YAGURA_FILTER "\n[Filter Information]\nFilter Run-Time ID: FilterRTID\nLayer Name: LayerName\nLayer Run-Time ID: LayerRTID"
#define YAGURA_FILTER_ORIGIN                                                                                          \
  "\n[Filter Information]\nFilter Origin: FilterOrigin\nFilter Run-Time ID: FilterRTID\nLayer Name: LayerName\nLayer " \
  "Run-Time ID: LayerRTID"
#define YAGURA_PACKET                                                                                                  \
  "[Application Information]\nProcess ID: ProcessId\nApplication Name:1 Application\n[Network Information]\nDirection: " \
  "Direction\nSource Address: SourceAddress\nSource Port: SourcePort\nDestination Address: DestAddress\nDestination "    \
  "Port:2 DestPort\nProtocol: Protocol"
#define YAGURA_CONNECTION                                                                                              \
  "[Application Information]\nProcess ID: ProcessID\nApplication Name:2 Application\n[Network Information]\nDirection: " \
  "Direction\nSource Address: SourceAddress\nSource Port: SourcePort\nDestination Address: DestAddress\nDestination "    \
  "Port:2 DestPort\nProtocol: Protocol"
#define YAGURA_NPS                                                                                                     \
  "[User]\nSecurity ID: SubjectUserSid\nAccount Name: SubjectUserName\nAccount Domain: SubjectDomainName\nFully "        \
  "Qualified Account Name: FullyQualifiedSubjectUserName\n[Client Machine]\nSecurity ID: SubjectMachineSID\nAccount "    \
  "Name: SubjectMachineName\nFully Qualified Account Name: FullyQualifiedSubjectMachineName\nCalled Station "            \
  "Identifier: CalledStationID\nCalling Station Identifier: CallingStationID\n[NAS]\nNAS IPv4 Address: "                 \
  "NASIPv4Address\nNAS IPv6 Address: NASIPv6Address\nNAS Identifier: NASIdentifier\nNAS Port-Type: NASPortType\nNAS "     \
  "Port: NASPort\n[RADIUS Client]\nClient Friendly Name: ClientName\nClient IP Address: ClientIPAddress\n"               \
  "[Authentication Details]\nConnection Request Policy Name: ProxyPolicyName\nNetwork Policy Name: "                     \
  "NetworkPolicyName\nAuthentication Provider: AuthenticationProvider\nAuthentication Server: "                          \
  "AuthenticationServer\nAuthentication Type: AuthenticationType\nEAP Type: EAPType\nAccount Session Identifier: "       \
  "AccountSessionIdentifier"
#define YAGURA_SHARE_NETWORK \
  "[>Subject]\n*Subject\n[Network Information:\t]\nObject Type: ObjectType\nSource Address: IpAddress\nSource Port: IpPort\n[>Share Information]\nShare Name: ShareName\nShare Path: ShareLocalPath"

constexpr WindowsTitle kBodies[] = {
    {4611, "\"This logon process will be trusted to submit logon requests.\n[Subject]\n*Subject\n|Logon Process Name:2 LogonProcessName"},
    {4616,
     "[Subject]\n*Subject\n[Process Information]\nProcess ID:1 ProcessId\nName:2 ProcessName\n|Previous Time: "
     "PreviousTime\n|New Time: NewTime"},
    {4624,
     "[Subject]\n*Subject\n[Logon Information]\nLogon Type: LogonType\nRestricted Admin Mode: "
     "RestrictedAdminMode\nVirtual Account: VirtualAccount\nElevated Token: ElevatedToken\n|Impersonation Level:2 "
     "ImpersonationLevel\n[New Logon]\n*Target\nLinked Logon ID:2 TargetLinkedLogonId\nNetwork Account Name: "
     "TargetOutboundUserName\nNetwork Account Domain: TargetOutboundDomainName\nLogon GUID: LogonGuid" YAGURA_PROCESS
     "\n[Network Information]\nWorkstation Name: WorkstationName\nSource Network Address: IpAddress\nSource Port: "
     "IpPort\n[Detailed Authentication Information]\nLogon Process: LogonProcessName\nAuthentication Package: "
     "AuthenticationPackageName\nTransited Services: TransmittedServices\nPackage Name (NTLM only): LmPackageName\nKey "
     "Length: KeyLength"},
    {4625,
     "[Subject]\n*Subject\n|Logon Type:3 LogonType\n[Account For Which Logon Failed]\nSecurity ID: "
     "TargetUserSid\nAccount Name: TargetUserName\nAccount Domain: TargetDomainName\n[Failure Information]\nFailure "
     "Reason: FailureReason\nStatus: Status\nSub Status: SubStatus\n[Process Information]\nCaller Process ID: "
     "ProcessId\nCaller Process Name: ProcessName\n[Network Information]\nWorkstation Name: WorkstationName\nSource "
     "Network Address: IpAddress\nSource Port: IpPort\n[Detailed Authentication Information]\nLogon Process: "
     "LogonProcessName\nAuthentication Package: AuthenticationPackageName\nTransited Services: "
     "TransmittedServices\nPackage Name (NTLM only): LmPackageName\nKey Length: KeyLength"},
    {4627,
     "[Subject]\n*Subject\n|Logon Type:3 LogonType\n[New Logon]\n*Target\n|Event in sequence:2 {EventIdx} of "
     "{EventCountTotal}\n|Group Membership:3 GroupMembership"},
    {4634, "[Subject]\n*Target\n|Logon Type:3 LogonType"},
    {4647, "[Subject]\n*Target"},
    {4648,
     "[Subject]\n*Subject\nLogon GUID: LogonGuid\n[Account Whose Credentials Were Used]\nAccount Name: "
     "TargetUserName\nAccount Domain: TargetDomainName\nLogon GUID: TargetLogonGuid\n[Target Server]\nTarget Server Name: "
     "TargetServerName\nAdditional Information: TargetInfo" YAGURA_PROCESS "\n[Network Information]\nNetwork Address:1 "
     "IpAddress\nPort: IpPort"},
    {4656,
     "[Subject]\n*Subject\n[Object]\nObject Server: ObjectServer\nObject Type: ObjectType\nObject Name: "
     "ObjectName\nHandle ID: HandleId\nResource Attributes: ResourceAttributes" YAGURA_PROCESS
     "\n[Access Request Information]\nTransaction ID: TransactionId\nAccesses: AccessList\nAccess Reasons: "
     "AccessReason\nAccess Mask: AccessMask\nPrivileges Used for Access Check: PrivilegeList\nRestricted SID Count: "
     "RestrictedSidCount"},
    {4657,
     "[Subject]\n*Subject\n[Object]\nObject Name: ObjectName\nObject Value Name: ObjectValueName\nHandle ID: "
     "HandleId\nOperation Type: OperationType" YAGURA_PROCESS
     "\n[Change Information]\nOld Value Type: OldValueType\nOld Value: OldValue\nNew Value Type: NewValueType\nNew "
     "Value: NewValue"},
    {4658, "[Subject ]\n*Subject\n[Object]\nObject Server: ObjectServer\nHandle ID: HandleId" YAGURA_PROCESS},
    {4660,
     "[Subject]\n*Subject\n[Object]\nObject Server:1 ObjectServer\nHandle ID:1 HandleId\n[Process Information]\nProcess "
     "ID:1 ProcessId\nProcess Name:1 ProcessName\nTransaction ID:1 TransactionId"},
    {4661,
     "[Subject ]\n*Subject\n[Object]\nObject Server:1 ObjectServer\nObject Type:1 ObjectType\nObject Name:1 "
     "ObjectName\nHandle ID:1 HandleId\n[Process Information]\nProcess ID:1 ProcessId\nProcess Name:1 "
     "ProcessName\n[Access Request Information]\nTransaction ID:1 TransactionId\nAccesses:1 AccessList\nAccess Reasons: "
     "AccessReason\nAccess Mask:1 AccessMask\nPrivileges Used for Access Check:1 PrivilegeList\nProperties:1 "
     "Properties\nRestricted SID Count:1 RestrictedSidCount"},
    {4662,
     "[Subject ]\n*Subject\n[Object]\nObject Server: ObjectServer\nObject Type: ObjectType\nObject Name: "
     "ObjectName\nHandle ID: HandleId\n[Operation]\nOperation Type: OperationType\nAccesses: AccessList\nAccess Mask: "
     "AccessMask\nProperties: Properties\n[Additional Information]\nParameter 1: AdditionalInfo\nParameter 2: "
     "AdditionalInfo2"},
    {4663,
     "[Subject]\n*Subject\n[Object]\nObject Server: ObjectServer\nObject Type: ObjectType\nObject Name: "
     "ObjectName\nHandle ID: HandleId\nResource Attributes: ResourceAttributes" YAGURA_PROCESS
     "\n[Access Request Information]\nAccesses: AccessList\nAccess Mask: AccessMask"},
    {4670,
     "[Subject]\n*Subject\n[Object]\nObject Server:1 ObjectServer\nObject Type:1 ObjectType\nObject Name:1 "
     "ObjectName\nHandle ID:1 HandleId" YAGURA_PROCESS_1
     "\n[Permissions Change]\nOriginal Security Descriptor: OldSd\nNew Security Descriptor: NewSd"},
    {4672, "[Subject]\n*Subject\n|Privileges:2 PrivilegeList"},
    {4673,
     "[Subject]\n*Subject\n[Service]\nServer:1 ObjectServer\nService Name:1 Service" YAGURA_PROCESS_1
     "\n[Service Request Information]\nPrivileges: PrivilegeList"},
    {4674,
     "[Subject]\n*Subject\n[Object]\nObject Server:1 ObjectServer\nObject Type:1 ObjectType\nObject Name:1 "
     "ObjectName\nObject Handle:1 HandleId\n[Process Information]\nProcess ID:1 ProcessId\nProcess Name:1 "
     "ProcessName\n[Requested Operation]\nDesired Access:1 AccessMask\nPrivileges: PrivilegeList"},
    {4688,
     "[Creator Subject]\n*Subject\n[Target Subject]\n*Target\n[Process Information]\nNew Process ID: NewProcessId\nNew "
     "Process Name: NewProcessName\nToken Elevation Type: TokenElevationType\nMandatory Label: MandatoryLabel\nCreator "
     "Process ID: ProcessId\nCreator Process Name: ParentProcessName\nProcess Command Line: CommandLine"},
    {4689,
     "[Subject]\n*Subject\n[Process Information]\nProcess ID:1 ProcessId\nProcess Name:1 ProcessName\nExit Status:1 "
     "Status"},
    {4690,
     "[Subject]\n*Subject\n[Source Handle Information]\nSource Handle ID: SourceHandleId\nSource Process ID: "
     "SourceProcessId\n[New Handle Information]\nTarget Handle ID: TargetHandleId\nTarget Process ID: TargetProcessId"},
    {4697,
     "[Subject]\n*Subject\n[Service Information]\nService Name:+2 ServiceName\nService File Name: "
     "ServiceFileName\nService Type:+2 ServiceType\nService Start Type: ServiceStartType\nService Account:+2 "
     "ServiceAccount"},
    {4698, "[Subject]\n*Subject\n[Task Information]\nTask Name:+2 TaskName\nTask Content:+2 TaskContent"},
    {4699, "[Subject]\n*Subject\n[Task Information]\nTask Name:+2 TaskName\nTask Content:+2 TaskContent"},
    {4700, "[Subject]\n*Subject\n[Task Information]\nTask Name:+2 TaskName\nTask Content:+2 TaskContent"},
    {4701, "[Subject]\n*Subject\n[Task Information]\nTask Name:+2 TaskName\nTask Content:+2 TaskContent"},
    {4702, "[Subject]\n*Subject\n[Task Information]\nTask Name:+2 TaskName\nTask New Content:+2 TaskContentNew"},
    {4703,
     "[Subject]\n*Subject\n[Target Account]\n*Target" YAGURA_PROCESS
     "\n[Enabled Privileges]\n~EnabledPrivilegeList\n[Disabled Privileges]\n~DisabledPrivilegeList"},
    {4704, "[Subject]\n*Subject\n[Target Account]\nAccount Name: TargetSid\n[New Right]\nUser Right: PrivilegeList"},
    {4705, "[Subject]\n*Subject\n[Target Account]\nAccount Name: TargetSid\n[Removed Right]\nUser Right: PrivilegeList"},
    {4719,
     "[Subject]\n*Subject\n[Audit Policy Change]\nCategory: CategoryId\nSubcategory: SubcategoryId\nSubcategory GUID: "
     "SubcategoryGuid\nChanges: AuditPolicyChanges"},
    {4720,
     "[Subject]\n*Subject\n[New Account]\n-Target\n[Attributes]" YAGURA_USER_ATTRIBUTES YAGURA_PRIVILEGES},
    {4722, YAGURA_TARGET},
    {4723, YAGURA_TARGET YAGURA_PRIVILEGES},
    {4724, YAGURA_TARGET},
    {4725, YAGURA_TARGET},
    {4726, YAGURA_TARGET "\n[Additional Information]\nPrivileges:1 PrivilegeList"},
    {4727, YAGURA_NEW_GROUP},
    {4728, YAGURA_MEMBER},
    {4729, YAGURA_MEMBER},
    {4730, YAGURA_DELETED_GROUP},
    {4731, YAGURA_NEW_GROUP},
    {4732, YAGURA_MEMBER},
    {4733, YAGURA_MEMBER},
    {4734, "[Subject]\n*Subject\n[Group]" YAGURA_GROUP YAGURA_PRIVILEGES},
    {4735, YAGURA_CHANGED_GROUP},
    {4737, YAGURA_CHANGED_GROUP},
    {4738, YAGURA_TARGET "\n[Changed Attributes]" YAGURA_USER_ATTRIBUTES YAGURA_PRIVILEGES},
    {4740,
     "[Subject]\n*Subject\n[Account That Was Locked Out]\nSecurity ID: TargetSid\nAccount Name: "
     "TargetUserName\n[Additional Information]\nCaller Computer Name: TargetDomainName"},
    {4741,
     "[Subject]\n*Subject\n[New Computer Account]\n-Target\n[Attributes]" YAGURA_COMPUTER_ATTRIBUTES YAGURA_PRIVILEGES},
    {4742,
     "[Subject]\n*Subject\n[Computer Account That Was Changed]\n-Target\n[Changed "
     "Attributes]" YAGURA_COMPUTER_ATTRIBUTES YAGURA_PRIVILEGES},
    {4743, "[Subject]\n*Subject\n[Target Computer]\n-Target" YAGURA_PRIVILEGES},
    {4754, YAGURA_NEW_GROUP},
    {4755, YAGURA_CHANGED_GROUP},
    {4756, YAGURA_MEMBER},
    {4757, YAGURA_MEMBER},
    {4758, "[Subject]\n*Subject\n[Group]" YAGURA_GROUP YAGURA_PRIVILEGES},
    {4767,
     "[Subject]\n*Subject\n[Target Account]\nSecurity ID: TargetSid\nAccount Name: TargetUserName\nAccount Domain: "
     "TargetDomainName"},
    {4768,
     "[Account Information]\nAccount Name: TargetUserName\nSupplied Realm Name: TargetDomainName\nUser ID:3 "
     "TargetSid\n[Service Information]\nService Name: ServiceName\nService ID: ServiceSid\n[Network Information]\nClient "
     "Address: IpAddress\nClient Port: IpPort\n[Additional Information]\nTicket Options: TicketOptions\nResult Code: "
     "Status\nTicket Encryption Type: TicketEncryptionType\nPre-Authentication Type: PreAuthType\n[Certificate "
     "Information]\nCertificate Issuer Name:2 CertIssuerName\nCertificate Serial Number:1 CertSerialNumber\nCertificate "
     "Thumbprint:2 CertThumbprint"},
    {4769,
     "[Account Information]\nAccount Name: TargetUserName\nAccount Domain: TargetDomainName\nLogon GUID: "
     "LogonGuid\n[Service Information]\nService Name: ServiceName\nService ID: ServiceSid\n[Network Information]\nClient "
     "Address: IpAddress\nClient Port: IpPort\n[Additional Information]\nTicket Options: TicketOptions\nTicket Encryption "
     "Type: TicketEncryptionType\nFailure Code: Status\nTransited Services: TransmittedServices"},
    {4771,
     "[Account Information]\nSecurity ID: TargetSid\nAccount Name: TargetUserName\n[Service Information]\nService Name: "
     "ServiceName\n[Network Information]\nClient Address: IpAddress\nClient Port: IpPort\n[Additional "
     "Information]\nTicket Options: TicketOptions\nFailure Code: Status\nPre-Authentication Type: "
     "PreAuthType\n[Certificate Information]\nCertificate Issuer Name:2 CertIssuerName\nCertificate Serial Number:1 "
     "CertSerialNumber\nCertificate Thumbprint:2 CertThumbprint"},
    {4776,
     "|Authentication Package:1 PackageName\n.Logon Account:1 TargetUserName\n.Source Workstation:1 Workstation\n.Error "
     "Code:1 Status"},
    {4778,
     "[Subject]\nAccount Name: AccountName\nAccount Domain: AccountDomain\nLogon ID: LogonID\n[Session]\nSession Name: "
     "SessionName\n[Additional Information]\nClient Name: ClientName\nClient Address: ClientAddress"},
    {4779,
     "[Subject]\nAccount Name: AccountName\nAccount Domain: AccountDomain\nLogon ID: LogonID\n[Session]\nSession Name: "
     "SessionName\n[Additional Information]\nClient Name: ClientName\nClient Address: ClientAddress"},
    {4781,
     "[Subject]\n*Subject\n[Target Account]\nSecurity ID: TargetSid\nAccount Domain: TargetDomainName\nOld Account Name: "
     "OldTargetUserName\nNew Account Name: NewTargetUserName" YAGURA_PRIVILEGES},
    {4798, "[Subject]\n*Subject\n[User]\n-Target\n[Process Information]\nProcess ID: CallerProcessId\nProcess Name: CallerProcessName"},
    {4799,
     "[Subject]\n*Subject\n[Group]" YAGURA_GROUP
     "\n[Process Information]\nProcess ID: CallerProcessId\nProcess Name: CallerProcessName"},
    {4800, "[Subject]\n*Target\nSession ID:1 SessionId"},
    {4801, "[Subject]\n*Target\nSession ID:1 SessionId"},
    {4802, "[Subject]\n*Target\nSession ID:1 SessionId"},
    {4803, "[Subject]\n*Target\nSession ID:1 SessionId"},
    {4880, "|Certificate Database Hash:1 CertificateDatabaseHash\n|Private Key Usage Count:1 PrivateKeyUsageCount\n|CA Certificate Hash:1 CACertificateHash\n|CA Public Key Hash:1 CAPublicKeyHash"},
    {4881, "|Certificate Database Hash:1 CertificateDatabaseHash\n|Private Key Usage Count:1 PrivateKeyUsageCount\n|CA Certificate Hash:1 CACertificateHash\n|CA Public Key Hash:1 CAPublicKeyHash"},
    {4886, "|Request ID:1 RequestId\n.Requester:1 Requester\n.Attributes:1 Attributes"},
    {4887, "|Request ID:1 RequestId\n.Requester:1 Requester\n.Attributes:1 Attributes\n.Disposition:1 Disposition\n.SKI:2 SubjectKeyIdentifier\n.Subject:1 Subject"},
    {4888, "|Request ID:1 RequestId\n.Requester:1 Requester\n.Attributes:1 Attributes\n.Disposition:1 Disposition\n.SKI:2 SubjectKeyIdentifier\n.Subject:1 Subject"},
    {4896, "|Table ID:1 TableId\n.Filter:1 Filter\n.Rows Deleted:1 RowsDeleted"},
    {4904, "[Subject ]\n*Subject" YAGURA_PROCESS_1 "\n[Event Source]\nSource Name:1 AuditSourceName\nEvent Source ID:1 EventSourceId"},
    {4905, "[Subject-]\n*Subject" YAGURA_PROCESS_1 "\n[Event Source]\nSource Name:1 AuditSourceName\nEvent Source ID:1 EventSourceId"},
    {4907,
     "[Subject]\n*Subject\n[Object]\nObject Server:1 ObjectServer\nObject Type:1 ObjectType\nObject Name:1 "
     "ObjectName\nHandle ID:1 HandleId\n[Process Information]\nProcess ID:1 ProcessId\nProcess Name:1 "
     "ProcessName\n[Auditing Settings]\nOriginal Security Descriptor: OldSd\nNew Security Descriptor: NewSd"},
    {4912,
     "[Subject]\n*Subject\n[Policy For Account]\nSecurity ID: TargetUserSid\n[Policy Change Details]\nCategory:1 "
     "CategoryId\nSubcategory:1 SubcategoryId\nSubcategory GUID: SubcategoryGuid\nChanges:1 AuditPolicyChanges"},
    {4946, ">Profile Changed:1 ProfileChanged\n[Added Rule]\nRule ID:1 RuleId\nRule Name:1 RuleName"},
    {4947, ">Profile Changed:1 ProfileChanged\n[Modified Rule]\nRule ID:1 RuleId\nRule Name:1 RuleName"},
    {4948, ">Profile Changed:1 ProfileChanged\n[Deleted Rule]\nRule ID:1 RuleId\nRule Name:1 RuleName"},
    {4964, "[Subject]\n*Subject\nLogon GUID: LogonGuid\n[New Logon]\n*Target\nLogon GUID: TargetLogonGuid\nSpecial Groups Assigned: SidList"},
    {4985,
     "[Subject]\n*Subject\n[Transaction Information]\nRM Transaction ID: TransactionId\nNew State: NewState\nResource "
     "Manager: ResourceManager" YAGURA_PROCESS},
    {5136,
     YAGURA_DIRECTORY_OBJECT
     "\n[Attribute]\nLDAP Display Name:1 AttributeLDAPDisplayName\nSyntax (OID):1 AttributeSyntaxOID\nValue:1 "
     "AttributeValue\n[Operation]\nType:1 OperationType\nCorrelation ID:1 OpCorrelationID\nApplication Correlation ID:1 "
     "AppCorrelationID"},
    {5137, YAGURA_DIRECTORY_OBJECT YAGURA_OPERATION},
    {5140, YAGURA_SHARE_NETWORK "\n[Access Request Information]\nAccess Mask: AccessMask\nAccesses: AccessList"},
    {5141,
     YAGURA_DIRECTORY_OBJECT
     "\n[Operation]\nTree Delete:1 TreeDelete\nCorrelation ID:1 OpCorrelationID\nApplication Correlation ID:1 "
     "AppCorrelationID"},
    {5142, "[Subject]\n*Subject\n[Share Information]\nShare Name: ShareName\nShare Path: ShareLocalPath"},
    {5144, "[Subject]\n*Subject\n[Share Information]\nShare Name: ShareName\nShare Path: ShareLocalPath"},
    {5145,
     YAGURA_SHARE_NETWORK
     "\nRelative Target Name: RelativeTargetName\n[Access Request Information]\nAccess Mask: AccessMask\nAccesses: "
     "AccessList\n[Access Check Results]\n/AccessReason"},
    {5152, YAGURA_PACKET YAGURA_FILTER_ORIGIN},
    {5154,
     "[Application Information]\nProcess ID: ProcessId\nApplication Name:1 Application\n[Network Information]\nSource "
     "Address: SourceAddress\nSource Port: SourcePort\nProtocol: Protocol" YAGURA_FILTER},
    {5155,
     "[Application Information]\nProcess ID: ProcessId\nApplication Name:1 Application\n[Network Information]\nSource "
     "Address: SourceAddress\nSource Port: SourcePort\nProtocol: Protocol" YAGURA_FILTER},
    {5156, YAGURA_CONNECTION YAGURA_FILTER},
    {5157, YAGURA_CONNECTION YAGURA_FILTER_ORIGIN},
    {5158,
     "[Application Information]\nProcess ID: ProcessId\nApplication Name:2 Application\n[Network Information]\nSource "
     "Address: SourceAddress\nSource Port: SourcePort\nProtocol: Protocol" YAGURA_FILTER},
    {5379, "[Subject]\n*Subject\nRead Operation: ReadOperation"},
    {5381, "[Subject]\n*Subject"},
    {5382, "[Subject]\n*Subject"},
    {5632,
     "[Subject]\nSecurity ID: Identity\nAccount Name: SubjectUserName\nAccount Domain: SubjectDomainName\nLogon ID: "
     "SubjectLogonId\n[Network Information]\nName (SSID): SSID\nInterface GUID: IntfGuid\nLocal MAC Address: "
     "LocalMac\nPeer MAC Address: PeerMac\n[Additional Information]\nReason Code: {ReasonCode} ({ReasonText})\nError Code: "
     "ErrorCode\nEAP Reason Code: EAPReasonCode\nEAP Root Cause String: EapRootCauseString\nEAP Error Code: EAPErrorCode"},
    {6272, YAGURA_NPS "\nLogging Results: LoggingResult\n[Quarantine Information]\nResult: QuarantineState\nSession Identifier: QuarantineSessionIdentifier"},
    {6273, YAGURA_NPS "\nLogging Results: LoggingResult\nReason Code: ReasonCode\nReason: Reason"},
    {6274, YAGURA_NPS "\nReason Code: ReasonCode\nReason: Reason"},
    {6416,
     "[Subject]\n*Subject\n|Device ID:1 DeviceId\n|Device Name:1 DeviceDescription\n|Class ID:2 ClassId\n|Class Name:1 "
     "ClassName\n|Vendor IDs:1 VendorIds\n|Compatible IDs:1 CompatibleIds\n|Location Information:1 LocationInformation"},
};

constexpr WindowsTitle kParameters[] = {
    {1537, "DELETE"},
    {1538, "READ_CONTROL"},
    {1539, "WRITE_DAC"},
    {1540, "WRITE_OWNER"},
    {1541, "SYNCHRONIZE"},
    {1542, "ACCESS_SYS_SEC"},
    {1543, "MAX_ALLOWED"},
    {1552, "Unknown specific access (bit 0)"},
    {1553, "Unknown specific access (bit 1)"},
    {1554, "Unknown specific access (bit 2)"},
    {1555, "Unknown specific access (bit 3)"},
    {1556, "Unknown specific access (bit 4)"},
    {1793, "<value not set>"},
    {1794, "<never>"},
    {1801, "Granted by"},
    {1802, "Denied by"},
    {1803, "Denied by Integrity Policy check"},
    {1804, "Granted by Ownership"},
    {1805, "Not granted"},
    {1806, "Granted by NULL DACL"},
    {1807, "Denied by Empty DACL"},
    {1808, "Granted by NULL Security Descriptor"},
    {1809, "Unknown or unchecked"},
    {1810, "Not granted due to missing"},
    {1811, "Granted by ACE on parent folder"},
    {1812, "Denied by ACE on parent folder"},
    {1813, "Granted by Central Access Rule"},
    {1814, "NOT Granted by Central Access Rule"},
    {1832, "Identification"},
    {1833, "Impersonation"},
    {1840, "Delegation"},
    {1842, "Yes"},
    {1843, "No"},
    {1872, "REG_NONE"},
    {1873, "REG_SZ"},
    {1874, "REG_EXPAND_SZ"},
    {1875, "REG_BINARY"},
    {1876, "REG_DWORD"},
    {1877, "REG_DWORD_BIG_ENDIAN"},
    {1878, "REG_LINK"},
    {1879, "REG_MULTI_SZ (New lines are replaced with *. A * is replaced with **)"},
    {1883, "REG_QWORD"},
    {1904, "New registry value created"},
    {1905, "Existing registry value modified"},
    {1906, "Registry value deleted"},
    {1936, "TokenElevationTypeDefault (1)"},
    {1937, "TokenElevationTypeFull (2)"},
    {1938, "TokenElevationTypeLimited (3)"},
    {2048, "Account Enabled"},
    {2049, "'Home Directory Required' - Disabled"},
    {2050, "'Password Not Required' - Disabled"},
    {2051, "'Temp Duplicate Account' - Disabled"},
    {2052, "'Normal Account' - Disabled"},
    {2057, "'Don't Expire Password' - Disabled"},
    {2080, "Account Disabled"},
    {2081, "'Home Directory Required' - Enabled"},
    {2082, "'Password Not Required' - Enabled"},
    {2083, "'Temp Duplicate Account' - Enabled"},
    {2084, "'Normal Account' - Enabled"},
    {2086, "'Workstation Trust Account' - Enabled"},
    {2087, "'Server Trust Account' - Enabled"},
    {2089, "'Don't Expire Password' - Enabled"},
    {2304, "An Error occured during Logon."},
    {2305, "The specified user account has expired."},
    {2306, "The NetLogon component is not active."},
    {2307, "Account locked out."},
    {2308, "The user has not been granted the requested logon type at this machine."},
    {2309, "The specified account's password has expired."},
    {2310, "Account currently disabled."},
    {2311, "Account logon time restriction violation."},
    {2312, "User not allowed to logon at this computer."},
    {2313, "Unknown user name or bad password."},
    {4416, "ReadData (or ListDirectory)"},
    {4417, "WriteData (or AddFile)"},
    {4418, "AppendData (or AddSubdirectory or CreatePipeInstance)"},
    {4419, "ReadEA"},
    {4420, "WriteEA"},
    {4421, "Execute/Traverse"},
    {4422, "DeleteChild"},
    {4423, "ReadAttributes"},
    {4424, "WriteAttributes"},
    {4432, "Query key value"},
    {4433, "Set key value"},
    {4434, "Create sub-key"},
    {4435, "Enumerate sub-keys"},
    {4436, "Notify about changes to keys"},
    {4437, "Create Link"},
    {4480, "Force process termination"},
    {4481, "Create new thread in process"},
    {4482, "Set process session ID"},
    {4483, "Perform virtual memory operation"},
    {4484, "Read from process memory"},
    {4485, "Write to process memory"},
    {4486, "Duplicate handle into or out of process"},
    {4487, "Create a subprocess of process"},
    {4488, "Set process quotas"},
    {4489, "Set process information"},
    {4490, "Query process information"},
    {4491, "Set process termination port"},
    {4492, "Undefined Access (no effect) Bit 12"},
    {4493, "Undefined Access (no effect) Bit 13"},
    {4494, "Undefined Access (no effect) Bit 14"},
    {4495, "Undefined Access (no effect) Bit 15"},
    {5376, "ConnectToServer"},
    {5377, "ShutdownServer"},
    {5378, "InitializeServer"},
    {5379, "CreateDomain"},
    {5380, "EnumerateDomains"},
    {5381, "LookupDomain"},
    {5392, "ReadPasswordParameters"},
    {5393, "WritePasswordParameters"},
    {5394, "ReadOtherParameters"},
    {5395, "WriteOtherParameters"},
    {5396, "CreateUser"},
    {5397, "CreateGlobalGroup"},
    {5398, "CreateLocalGroup"},
    {5399, "GetLocalGroupMembership"},
    {5400, "ListAccounts"},
    {5401, "LookupIDs"},
    {5402, "AdministerServer"},
    {5410, "AddMember"},
    {5412, "ListMembers"},
    {5415, "Undefined Access (no effect) Bit 7"},
    {5424, "AddMember"},
    {5425, "RemoveMember"},
    {5426, "ListMembers"},
    {5427, "ReadInformation"},
    {5428, "WriteAccount"},
    {5429, "Undefined Access (no effect) Bit 5"},
    {5430, "Undefined Access (no effect) Bit 6"},
    {5431, "Undefined Access (no effect) Bit 7"},
    {5432, "Undefined Access (no effect) Bit 8"},
    {5440, "ReadGeneralInformation"},
    {5441, "ReadPreferences"},
    {5442, "WritePreferences"},
    {5443, "ReadLogon"},
    {5444, "ReadAccount"},
    {5445, "WriteAccount"},
    {5446, "ChangePassword (with knowledge of old password)"},
    {5447, "SetPassword (without knowledge of old password)"},
    {5448, "ListGroups"},
    {5449, "ReadGroupMembership"},
    {5450, "ChangeGroupMembership"},
    {5649, "Query secret value"},
    {7168, "Connect to service controller"},
    {7169, "Create a new service"},
    {7170, "Enumerate services"},
    {7171, "Lock service database for exclusive access"},
    {7172, "Query service database lock state"},
    {7173, "Set last-known-good state of service database"},
    {7186, "Query status of service"},
    {7187, "Enumerate dependencies of service"},
    {7188, "Start the service"},
    {7680, "Create Child"},
    {7681, "Delete Child"},
    {7682, "List Contents"},
    {7683, "Write Self"},
    {7684, "Read Property"},
    {7685, "Write Property"},
    {7686, "Delete Tree"},
    {7687, "List Object"},
    {7688, "Control Access"},
    {8099, "Read Credential"},
    {8100, "Enumerate Credentials"},
    {8272, "System"},
    {8273, "Logon/Logoff"},
    {8274, "Object Access"},
    {8275, "Privilege Use"},
    {8276, "Detailed Tracking"},
    {8277, "Policy Change"},
    {8278, "Account Management"},
    {8279, "DS Access"},
    {8280, "Account Logon"},
    {8448, "Success removed"},
    {8449, "Success Added"},
    {8450, "Failure removed"},
    {8451, "Failure added"},
    {8452, "Success include removed"},
    {8456, "Failure include removed"},
    {14592, "Inbound"},
    {14593, "Outbound"},
    {14601, "ICMP Error"},
    {14608, "Resource Assignment"},
    {14609, "Listen"},
    {14610, "Receive/Accept"},
    {14611, "Connect"},
    {14674, "Value Added"},
    {14675, "Value Deleted"},
    {14676, "Active Directory Domain Services"},
};

}  // namespace

std::span<const WindowsTitle> security_auditing_bodies() { return kBodies; }
std::span<const WindowsTitle> security_auditing_parameters() { return kParameters; }

}  // namespace yagura::normalise
