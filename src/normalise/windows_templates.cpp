// Messages of the System, Application and other logs that security people subscribe to, each from the page or the
// message file that documents it: Microsoft's event documentation (Windows Defender "Review event logs and error
// codes", "Code integrity event log messages", service control manager, Event Log, Task Scheduler, User Profile
// Service), Sysmon's page. Where a message is a long list of data, its first sentence.
#include "normalise/windows_message_tables.hpp"

namespace yagura::normalise {

std::span<const WindowsTemplate> windows_templates() {
  static constexpr std::string_view kEventlog = "Microsoft-Windows-Eventlog", kServices = "Service Control Manager",
                                    kDefender = "Microsoft-Windows-Windows Defender",
                                    kAntimalware = "Microsoft Antimalware", kTasks = "Microsoft-Windows-TaskScheduler",
                                    kIntegrity = "Microsoft-Windows-CodeIntegrity",
                                    kPowerShell = "Microsoft-Windows-PowerShell",
                                    kBitLocker = "Microsoft-Windows-BitLocker-API",
                                    kSessions = "Microsoft-Windows-TerminalServices-LocalSessionManager",
                                    kApplocker = "Microsoft-Windows-AppLocker";
  static constexpr WindowsTemplate kAll[] = {
      {kEventlog, 104, "Log clear", "The {Body_Channel} log file was cleared."},
      {kEventlog, 1100, "Service shutdown", "The event logging service has shut down."},
      {kEventlog, 1101, "Event processing", "Audit events have been dropped by the transport."},
      {kEventlog, 1102, "Log clear",
       "The audit log was cleared.\r\nSubject:\r\n\tSecurity ID:\t{SubjectUserSid}\r\n\tAccount "
       "Name:\t{SubjectUserName}\r\n\tDomain Name:\t{SubjectDomainName}\r\n\tLogon ID:\t{SubjectLogonId}"},
      {kEventlog, 1104, "Event processing", "The security log is now full."},
      {kEventlog, 1105, "Log automatic backup", "Event log automatic backup"},
      {kEventlog, 1108, "Event processing",
       "The event logging service encountered an error while processing an incoming event published from "
       "{PublisherName}."},
      {"EventLog", 6005, "", "The Event log service was started."},
      {"EventLog", 6006, "", "The Event log service was stopped."},
      {"EventLog", 6008, "", "The previous system shutdown at {1} on {2} was unexpected."},
      {"EventLog", 6013, "", "The system uptime is {5} seconds."},
      {"Microsoft-Windows-Kernel-General", 1, "", "The system time has changed to {NewTime} from {OldTime}."},
      {"Microsoft-Windows-Kernel-General", 12, "", "The operating system started at system time {StartTime}."},
      {"Microsoft-Windows-Kernel-General", 13, "", "The operating system is shutting down at system time {StopTime}."},
      {kServices, 7000, "", "The {param1} service failed to start due to the following error: \r\n{param2}"},
      {kServices, 7001, "",
       "The {param1} service depends on the {param2} service which failed to start because of the following error: "
       "\r\n{param3}"},
      {kServices, 7009, "",
       "A timeout was reached ({param1} milliseconds) while waiting for the {param2} service to connect."},
      {kServices, 7023, "", "The {param1} service terminated with the following error: \r\n{param2}"},
      {kServices, 7031, "",
       "The {param1} service terminated unexpectedly.  It has done this {param2} time(s).  The following corrective "
       "action will be taken in {param3} milliseconds: {param5}."},
      {kServices, 7034, "", "The {param1} service terminated unexpectedly.  It has done this {param2} time(s)."},
      {kServices, 7036, "", "The {param1} service entered the {param2} state."},
      {kServices, 7040, "", "The start type of the {param1} service was changed from {param2} to {param3}."},
      {kServices, 7045, "",
       "A service was installed in the system.\r\n\r\nService Name:  {ServiceName}\r\nService File Name:  "
       "{ImagePath}\r\nService Type:  {ServiceType}\r\nService Start Type:  {StartType}\r\nService Account:  "
       "{AccountName}"},
      {"User32", 1074, "",
       "The process {param1} has initiated the {param5} of computer {param2} on behalf of user {param7} for the "
       "following reason: {param3}\r\n Reason Code: {param4}\r\n Shutdown Type: {param5}\r\n Comment: {param6}"},
      {"RemoteAccess", 20250, "",
       "CoId={1}: The user {2} has connected and has been successfully authenticated on port {3}."},
      {"RemoteAccess", 20274, "", "CoId={1}: The user {2} connected on port {3} has been assigned address {4}"},
      {"RemoteAccess", 20275, "", "CoId={1}: The user with ip address {2} has disconnected"},
      {"EMET", 1, "", "EMET detected an exploit attempt."},
      {"EMET", 2, "", "EMET detected an exploit mitigation and will close the application."},
      {"Windows Error Reporting", 1001, "",
       "Fault bucket {1}, type {2}\r\nEvent Name: {3}\r\nResponse: {4}\r\nCab Id: {5}\r\n\r\nProblem signature:\r\nP1: "
       "{6}\r\nP2: {7}\r\nP3: {8}\r\nP4: {9}\r\nP5: {10}\r\nP6: {11}\r\nP7: {12}\r\nP8: {13}\r\nP9: {14}\r\nP10: {15}"},
      {"Microsoft-Windows-User Profiles Service", 1511, "",
       "Windows cannot find the local profile and is logging you on with a temporary profile. Changes you make to this "
       "profile will be lost when you log off."},
      {"Microsoft-Windows-User Profiles Service", 1518, "",
       "Windows cannot create a temporary profile directory. This problem may be caused by insufficient security "
       "rights."},
      {"Application Error", 1000, "Application Crashing Events",
       "Faulting application name: {1}, version: {2}, time stamp: 0x{3}\r\nFaulting module name: {4}, version: {5}, "
       "time stamp: 0x{6}\r\nException code: 0x{7}\r\nFault offset: 0x{8}\r\nFaulting process id: 0x{9}\r\nFaulting "
       "application start time: 0x{10}\r\nFaulting application path: {11}\r\nFaulting module path: {12}\r\nReport Id: "
       "{13}\r\nFaulting package full name: {14}\r\nFaulting package-relative application ID: {15}"},
      {"Application Hang", 1002, "Hanging Events",
       "The program {1} version {2} stopped interacting with Windows and was closed. To see if more information about "
       "the problem is available, check the problem history in the Security and Maintenance control panel.\r\n Process "
       "ID: {3}\r\n Start Time: {4}\r\n Termination Time: {5}\r\n Application Path: {6}\r\n Report Id: {7}"},
      {kTasks, 106, "Task registered", "User \"{UserContext}\"  registered Task Scheduler task \"{TaskName}\""},
      {kTasks, 140, "Task registration updated", "User \"{UserName}\"  updated Task Scheduler task \"{TaskName}\""},
      {kTasks, 141, "Task registration deleted", "User \"{UserName}\"  deleted Task Scheduler task \"{TaskName}\""},
      {kTasks, 142, "Task disabled", "User \"{UserName}\"  disabled Task Scheduler task \"{TaskName}\""},
      {kTasks, 200, "Action started",
       "Task Scheduler launched action \"{ActionName}\" in instance \"{TaskInstanceId}\" of task \"{TaskName}\"."},
      {kTasks, 201, "Action completed",
       "Task Scheduler successfully completed task \"{TaskName}\" , instance \"{TaskInstanceId}\" , action "
       "\"{ActionName}\" with return code {ResultCode}."},
      {kApplocker, 8002, "", "{FilePath} was allowed to run."},
      {kApplocker, 8003, "",
       "{FilePath} was allowed to run but would have been prevented from running if the AppLocker policy were "
       "enforced."},
      {kApplocker, 8004, "", "{FilePath} was prevented from running."},
      {kApplocker, 8005, "", "{FilePath} was allowed to run."},
      {kApplocker, 8006, "",
       "{FilePath} was allowed to run but would have been prevented from running if the AppLocker policy were "
       "enforced."},
      {kApplocker, 8007, "", "{FilePath} was prevented from running."},
      {kApplocker, 8020, "", "{Package} was allowed to run."},
      {kApplocker, 8021, "",
       "{Package} was allowed to run but would have been prevented from running if the AppLocker policy were "
       "enforced."},
      {kApplocker, 8022, "", "{Package} was prevented from running."},
      {kApplocker, 8023, "", "{Package} was allowed to be installed."},
      {kApplocker, 8024, "",
       "{Package} was allowed to be installed but would have been prevented from being installed if the AppLocker "
       "policy were enforced."},
      {kApplocker, 8025, "", "{Package} was prevented from being installed."},
      {"Microsoft-Windows-TerminalServices-ClientActiveXCore", 1024, "Connection Sequence",
       "RDP ClientActiveX is trying to connect to the server ({Value})"},
      {"Microsoft-Windows-DNS-Client", 3008, "",
       "DNS query is completed for the name {QueryName}, type {QueryType}, query options {QueryOptions} with status "
       "{QueryStatus} Results {QueryResults} "},
      {"Microsoft-Windows-LSA", 300, "", "Groups assigned to a new logon."},
      {"Microsoft-Windows-DriverFrameworks-UserMode", 2004, "User-mode Driver problems.",
       "The UMDF Host is loading driver {Service} at level {Level} for device {InstanceId}."},
      {"Microsoft-Windows-CAPI2", 11, "Build Chain",
       "For more details for this event, please refer to the \"Details\" section"},
      {"Microsoft-Windows-CAPI2", 70, "Acquire Certificate Private Key",
       "For more details for this event, please refer to the \"Details\" section"},
      {"Microsoft-Windows-CAPI2", 90, "X509 Objects",
       "For more details for this event, please refer to the \"Details\" section"},
      {"PowerShell", 400, "Engine Lifecycle", "Engine state is changed from {2} to {1}. \r\n\r\nDetails: \r\n{3}"},
      {"PowerShell", 403, "Engine Lifecycle", "Engine state is changed from {2} to {1}. \r\n\r\nDetails: \r\n{3}"},
      {"PowerShell", 600, "Provider Lifecycle", "Provider \"{1}\" is {2}. \r\n\r\nDetails: \r\n{3}"},
      {"PowerShell", 800, "Pipeline Execution Details",
       "Pipeline execution details for command line: {1}. \r\n\r\nContext Information: \r\n{2} \r\n\r\nDetails: "
       "\r\n{3}"},
      {kPowerShell, 4103, "Executing Pipeline",
       "{Payload}\r\n\r\n\r\nContext:\r\n{ContextInfo}\r\n\r\n\r\nUser Data:\r\n{UserData}\r\n"},
      {kPowerShell, 4104, "Execute a Remote Command",
       "Creating Scriptblock text ({MessageNumber} of {MessageTotal}):\r\n{ScriptBlockText}\r\n\r\nScriptBlock ID: "
       "{ScriptBlockId}\r\nPath: {Path}"},
      {kPowerShell, 4105, "Starting Command",
       "Started invocation of ScriptBlock ID: {ScriptBlockId}\r\nRunspace ID: {RunspaceId}"},
      {kPowerShell, 4106, "Stopping Command",
       "Completed invocation of ScriptBlock ID: {ScriptBlockId}\r\nRunspace ID: {RunspaceId}"},
      {kPowerShell, 40961, "PowerShell Console Startup", "PowerShell console is starting up"},
      {kPowerShell, 40962, "PowerShell Console Startup", "PowerShell console is ready for user input"},
      {kTasks, 129, "Created Task Process",
       "Task Scheduler launch task \"{TaskName}\" , instance \"{Path}\"  with process ID {ProcessID}."},
      {kSessions, 21, "",
       "Remote Desktop Services: Session logon succeeded:\r\n\r\nUser: {User}\r\nSession ID: {SessionID}\r\nSource "
       "Network "
       "Address: {Address}"},
      {kSessions, 23, "",
       "Remote Desktop Services: Session logoff succeeded:\r\n\r\nUser: {User}\r\nSession ID: {SessionID}"},
      {kSessions, 24, "",
       "Remote Desktop Services: Session has been disconnected:\r\n\r\nUser: {User}\r\nSession ID: "
       "{SessionID}\r\nSource "
       "Network Address: {Address}"},
      {kSessions, 25, "",
       "Remote Desktop Services: Session reconnection succeeded:\r\n\r\nUser: {User}\r\nSession ID: "
       "{SessionID}\r\nSource "
       "Network Address: {Address}"},
      {kSessions, 40, "", "Session {Session} has been disconnected, reason code {Reason}"},
      {"Microsoft-Windows-WMI-Activity", 5857, "",
       "{ProviderName} provider started with result code {Code}. HostProcess = {HostProcess}; ProcessID = {ProcessID}; "
       "ProviderPath = {ProviderPath}"},
      {kBitLocker, 768, "",
       "BitLocker encryption was started for volume {VolumeMountPoint} using {AlgorithmType} algorithm."},
      {kBitLocker, 769, "",
       "BitLocker encryption will occur for volume {VolumeMountPoint} when the computer is restarted using "
       "{AlgorithmType} algorithm."},
      {kBitLocker, 770, "", "BitLocker decryption was started for volume {VolumeMountPoint}."},
      {kBitLocker, 771, "", "BitLocker encryption was stopped for volume {VolumeMountPoint}."},
      {kBitLocker, 772, "",
       "BitLocker encryption was restarted for volume {VolumeMountPoint} using {AlgorithmType} algorithm."},
      {kBitLocker, 773, "", "BitLocker was suspended for volume {VolumeMountPoint}."},
      {kBitLocker, 774, "", "BitLocker was resumed for volume {VolumeMountPoint}."},
      {kBitLocker, 775, "",
       "A BitLocker key protector was created.\r\nProtector GUID: {ProtectorGUID}\r\nIdentification GUID: "
       "{IdentificationGUID}"},
      {kBitLocker, 776, "",
       "A BitLocker key protector was removed.\r\nProtector GUID: {ProtectorGUID}\r\nIdentification GUID: "
       "{IdentificationGUID}"},
      {kBitLocker, 777, "",
       "The PIN was updated for the operating system volume.\r\nProtector GUID: {ProtectorGUID}\r\nIdentification "
       "GUID: {IdentificationGUID}"},
      {kBitLocker, 778, "", "The BitLocker volume {VolumeMountPoint} was reverted to an unprotected state."},
      {kBitLocker, 779, "", "The BitLocker volume {VolumeMountPoint} was erased."},
      {kBitLocker, 780, "", "The identification field was changed. \r\nIdentification GUID: {IdentificationGUID}"},
      {kBitLocker, 781, "",
       "The BitLocker protected volume {VolumeMountPoint} was locked. \r\nIdentification GUID: {IdentificationGUID}"},
      {kBitLocker, 782, "",
       "The BitLocker protected volume {VolumeMountPoint} was unlocked.\r\nProtector GUID: "
       "{ProtectorGUID}\r\nIdentification GUID: {IdentificationGUID}"},
      {kBitLocker, 783, "",
       "BitLocker Drive Encryption recovery information for the specified protector is already present in Active "
       "Directory Domain Services.\r\nProtector GUID: {ProtectorGUID}\r\nIdentification GUID: {IdentificationGUID}"},
      {kBitLocker, 784, "",
       "BitLocker Drive Encryption recovery information was backed up successfully to Active Directory Domain "
       "Services.\r\nProtector GUID: {ProtectorGUID}\r\nIdentification GUID: {IdentificationGUID}"},
      {kBitLocker, 785, "",
       "Failed to backup BitLocker Drive Encryption recovery information to Active Directory Domain "
       "Services.\r\nProtector GUID: {ProtectorGUID}\r\nIdentification GUID: {IdentificationGUID}"},
      {kBitLocker, 790, "", "A PIN change attempt failed.\r\nError message: {ErrorCode}"},
      {kBitLocker, 792, "",
       "BitLocker encountered a failure to commit metadata changes for volume {VolumeMountPoint}."},
      {kBitLocker, 793, "", "BitLocker resealed boot settings to the TPM for volume {VolumeMountPoint}."},
      {kBitLocker, 794, "", "BitLocker failed to reseal boot settings to the TPM.\r\nError message: {ErrorCode}."},
      {kBitLocker, 796, "",
       "BitLocker Drive Encryption is using software-based encryption to protect volume {VolumeMountPoint}."},
      {kBitLocker, 805, "",
       "The BitLocker protected volume was unlocked in the Windows Recovery Environment.\r\nProtector GUID: "
       "{ProtectorGUID}\r\nIdentification GUID: {IdentificationGUID}\r\nUnlock time: {UnlockTime}"},
      {kBitLocker, 817, "",
       "BitLocker successfully sealed a key to the TPM.\r\nPCRs measured include [{PCRBitmap}].\r\nThe source for "
       "these PCRs was: {PCRBitmapSource}."},
      {kBitLocker, 827, "", "A password change attempt failed.\r\nError message: {ErrorCode}"},
      {kBitLocker, 843, "",
       "BitLocker was suspended from within the Windows Recovery Environment.\r\nSuspend time: {ResealTime}"},
      {kBitLocker, 845, "",
       "BitLocker Drive Encryption recovery information for volume {VolumeMountPoint} was backed up successfully to "
       "your Azure AD.\r\nProtector GUID: {ProtectorGUID}.\r\nTraceId: {TraceGUID}"},
      {kBitLocker, 846, "",
       "Failed to backup BitLocker Drive Encryption recovery information for volume {VolumeMountPoint} to your Azure "
       "AD.\r\nTraceId: {TraceGUID}\r\nError: {ErrorCode}"},
      {kBitLocker, 851, "", "Failed to enable Silent Encryption.\r\nError: {ErrorCode}."},
      {kBitLocker, 858, "", "Recovery Password Rotation failed.\r\nError: {ErrorCode}."},
      {kIntegrity, 3076, "",
       "Code Integrity determined that a process ({ProcessName}) attempted to load {FileName} that did not meet the "
       "{RequestedSigningLevel} signing level requirements or violated code integrity policy. However, due to code "
       "integrity auditing policy, the image was allowed to load."},
      {kIntegrity, 3077, "",
       "Code Integrity determined that a process ({ProcessName}) attempted to load {FileName} that did not meet the "
       "{RequestedSigningLevel} signing level requirements or violated code integrity policy."},
      {kDefender, 1006, "", "{ProductName} has detected malware or other potentially unwanted software."},
      {kDefender, 1007, "",
       "{ProductName} has taken action to protect this machine from malware or other potentially unwanted software."},
      {kDefender, 1008, "",
       "{ProductName} has encountered an error when taking action on malware or other potentially unwanted software."},
      {kDefender, 1009, "", "{ProductName} has restored an item from quarantine."},
      {kDefender, 1116, "",
       "{ProductName} has detected malware or other potentially unwanted software.\r\n \tName: {ThreatName}\r\n \tID: "
       "{ThreatID}\r\n \tSeverity: {SeverityName}\r\n \tCategory: {CategoryName}\r\n \tPath: {Path}\r\n \tDetection "
       "Origin: {OriginName}\r\n \tDetection Type: {TypeName}\r\n \tDetection Source: {SourceName}\r\n \tUser: "
       "{DetectionUser}\r\n \tProcess Name: {ProcessName}"},
      {kDefender, 1117, "",
       "{ProductName} has taken action to protect this machine from malware or other potentially unwanted "
       "software.\r\n \tName: {ThreatName}\r\n \tID: {ThreatID}\r\n \tSeverity: {SeverityName}\r\n \tCategory: "
       "{CategoryName}\r\n \tPath: {Path}\r\n \tUser: {RemediationUser}\r\n \tProcess Name: {ProcessName}\r\n "
       "\tAction: {ActionName}\r\n \tError Code: {ErrorCode}"},
      {kDefender, 1118, "",
       "{ProductName} has encountered a non-critical error when taking action on malware or other potentially unwanted "
       "software."},
      {kDefender, 1119, "",
       "{ProductName} has encountered a critical error when taking action on malware or other potentially unwanted "
       "software."},
      {kDefender, 5001, "",
       "{ProductName} Real-time Protection scanning for malware and other potentially unwanted software was disabled."},
      {kDefender, 5007, "",
       "{ProductName} Configuration has changed. If this is an unexpected event you should review the settings as this "
       "may be the result of malware.\r\n \tOld value: {OldValue}\r\n \tNew value: {NewValue}"},
      {kDefender, 5010, "", "{ProductName} scanning for malware and other potentially unwanted software is disabled."},
      {kDefender, 5012, "", "{ProductName} scanning for viruses is disabled."},
      {kAntimalware, 1116, "", "{ProductName} has detected malware or other potentially unwanted software."},
      {kAntimalware, 1117, "",
       "{ProductName} has taken action to protect this machine from malware or other potentially unwanted software."},
      {kAntimalware, 1118, "",
       "{ProductName} has encountered a non-critical error when taking action on malware or other potentially unwanted "
       "software."},
      {kAntimalware, 1119, "",
       "{ProductName} has encountered a critical error when taking action on malware or other potentially unwanted "
       "software."},
  };
  return kAll;
}

// https://learn.microsoft.com/sysinternals/downloads/sysmon#events; as the messages begin.
std::span<const WindowsTitle> sysmon_titles() {
  static constexpr WindowsTitle kAll[] = {
      {1, "Process Create"},
      {2, "File creation time changed"},
      {3, "Network connection detected"},
      {4, "Sysmon service state changed"},
      {5, "Process terminated"},
      {6, "Driver loaded"},
      {7, "Image loaded"},
      {8, "CreateRemoteThread detected"},
      {9, "RawAccessRead detected"},
      {10, "Process accessed"},
      {11, "File created"},
      {12, "Registry object added or deleted"},
      {13, "Registry value set"},
      {14, "Registry object renamed"},
      {15, "File stream created"},
      {16, "Sysmon config state changed"},
      {17, "Pipe Created"},
      {18, "Pipe Connected"},
      {19, "WmiEventFilter activity detected"},
      {20, "WmiEventConsumer activity detected"},
      {21, "WmiEventConsumerToFilter activity detected"},
      {22, "Dns query"},
      {23, "File Delete archived"},
      {24, "Clipboard changed"},
      {25, "Process Tampering"},
      {26, "File Delete logged"},
      {27, "File Block Executable"},
      {28, "File Block Shredding"},
      {29, "File Executable Detected"},
      {255, "Error report"},
  };
  return kAll;
}

// Schema 4.90 (sysmon -s); earlier ones lack some.
std::span<const WindowsTitle> sysmon_fields() {
  static constexpr WindowsTitle kAll[] = {
      {1,
       "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName "
       "CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid "
       "ParentProcessId ParentImage ParentCommandLine ParentUser"},
      {2, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime PreviousCreationUtcTime User"},
      {3,
       "RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname "
       "SourcePort SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort "
       "DestinationPortName"},
      {4, "UtcTime State Version SchemaVersion"},
      {5, "RuleName UtcTime ProcessGuid ProcessId Image User"},
      {6, "RuleName UtcTime ImageLoaded Hashes Signed Signature SignatureStatus"},
      {7,
       "RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company "
       "OriginalFileName Hashes Signed Signature SignatureStatus User"},
      {8,
       "RuleName UtcTime SourceProcessGuid SourceProcessId SourceImage TargetProcessGuid TargetProcessId TargetImage "
       "NewThreadId StartAddress StartModule StartFunction SourceUser TargetUser"},
      {9, "RuleName UtcTime ProcessGuid ProcessId Image Device User"},
      {10,
       "RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID "
       "TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser"},
      {11, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User"},
      {12, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User"},
      {13, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User"},
      {14, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject NewName User"},
      {15, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime Hash Contents User"},
      {16, "UtcTime Configuration ConfigurationFileHash"},
      {17, "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User"},
      {18, "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User"},
      {19, "RuleName EventType UtcTime Operation User EventNamespace Name Query"},
      {20, "RuleName EventType UtcTime Operation User Name Type Destination"},
      {21, "RuleName EventType UtcTime Operation User Consumer Filter"},
      {22, "RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User"},
      {23, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable Archived"},
      {24, "RuleName UtcTime ProcessGuid ProcessId Image Session ClientInfo Hashes Archived User"},
      {25, "RuleName UtcTime ProcessGuid ProcessId Image Type User"},
      {26, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable"},
      {27, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes"},
      {28, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable"},
      {29, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes"},
      {255, "UtcTime ID Description"},
  };
  return kAll;
}

}  // namespace yagura::normalise
