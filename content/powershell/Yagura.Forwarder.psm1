# The syslog forwarder's cmdlets for PowerShell 7 on Linux and Windows. They only call the program yagura (in PATH, or named by
# the environment variable YAGURA_PROGRAM) and give its JSON back as objects: every check and every message is the program's.

Set-StrictMode -Version 3.0

function Invoke-YaguraForwarder {
    # Runs one command and returns the object that it prints. Warnings become warnings, errors become terminating errors.
    param(
        [Parameter(Mandatory)] [string] $Command,
        [string[]] $Arguments = @()
    )
    $program = if ($env:YAGURA_PROGRAM) { $env:YAGURA_PROGRAM } else { 'yagura' }
    $errors = [System.Collections.Generic.List[string]]::new()
    $output = [System.Text.StringBuilder]::new()
    & $program $Command @Arguments 2>&1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.ErrorRecord]) { $errors.Add($_.ToString()) } else { [void] $output.AppendLine([string] $_) }
    }
    $code = $LASTEXITCODE
    foreach ($line in $errors) {
        if ($line.StartsWith('warning: ')) { Write-Warning $line.Substring(9) }
        elseif (-not $line.StartsWith('error: ')) { Write-Verbose $line }
    }
    # 1 is "it worked, and something was found", such as a host that has drifted.
    if ($code -ne 0 -and $code -ne 1) {
        $message = $errors | Where-Object { $_.StartsWith('error: ') } | Select-Object -First 1
        if ($message) { throw $message.Substring(7) }
        throw "$program $Command ended with exit code $code"
    }
    $text = $output.ToString().Trim()
    if ($text) { $text | ConvertFrom-Json }
}

function ConvertTo-YaguraArgument {
    # Bound parameters in the program's spelling, which is this one's.
    param([System.Collections.IDictionary] $Bound)
    foreach ($name in $Bound.Keys) {
        if ($name -in [System.Management.Automation.PSCmdlet]::CommonParameters -or $name -in 'WhatIf', 'Confirm') { continue }
        $value = $Bound[$name]
        if ($value -is [System.Management.Automation.SwitchParameter]) {
            "-${name}:" + $(if ($value.IsPresent) { '$true' } else { '$false' })
        }
        else {
            "-$name"
            [string] $value
        }
    }
}

function Set-AzSSyslogForwarder {
    <#
    .SYNOPSIS
    Sets the syslog forwarder's configuration for all hosts and starts an action plan that carries it there; or removes it.
    .OUTPUTS
    The action plan instance id, a string. Get-YaguraActionPlan shows how far it is.
    .EXAMPLE
    Set-AzSSyslogForwarder -ServerName logs.example.net -ServerPort 6514 -ClientCertificateThumbprint 0123...
    #>
    [CmdletBinding(DefaultParameterSetName = 'Set', SupportsShouldProcess)]
    [OutputType([string])]
    param(
        [Parameter(ParameterSetName = 'Set', Mandatory)] [string] $ServerName,
        [Parameter(ParameterSetName = 'Set', Mandatory)] [uint16] $ServerPort,
        [Parameter(ParameterSetName = 'Set')] [switch] $NoEncryption,
        [Parameter(ParameterSetName = 'Set')] [switch] $SkipServerCertificateCheck,
        [Parameter(ParameterSetName = 'Set')] [switch] $SkipServerCNCheck,
        [Parameter(ParameterSetName = 'Set')] [switch] $UseUDP,
        [Parameter(ParameterSetName = 'Set')] [string] $ClientCertificateThumbprint,
        [Parameter(ParameterSetName = 'Set')] [ValidateSet('Default', 'Verbose')] [string] $OutputSeverity,
        [Parameter(ParameterSetName = 'Remove', Mandatory)] [switch] $Remove
    )
    $what = if ($Remove) { 'remove the syslog forwarder' } else { "forward to ${ServerName}:${ServerPort}" }
    if (-not $PSCmdlet.ShouldProcess('all hosts', $what)) { return }
    $result = Invoke-YaguraForwarder -Command 'Set-AzSSyslogForwarder' -Arguments (@(ConvertTo-YaguraArgument $PSBoundParameters) + '-Json')
    $result.actionPlanInstanceId
}

function Enable-AzSSyslogForwarder {
    <#
    .SYNOPSIS
    Forwards again with the stored configuration of the last successful Set-AzSSyslogForwarder.
    .PARAMETER Force
    Starts an action plan even if the target state is the current one.
    .OUTPUTS
    The action plan instance id, or nothing when nothing was to be done.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType([string])]
    param([switch] $Force)
    if (-not $PSCmdlet.ShouldProcess('all hosts', 'enable the syslog forwarder')) { return }
    (Invoke-YaguraForwarder -Command 'Enable-AzSSyslogForwarder' -Arguments (@(ConvertTo-YaguraArgument $PSBoundParameters) + '-Json')).actionPlanInstanceId
}

function Disable-AzSSyslogForwarder {
    <#
    .SYNOPSIS
    Stops forwarding and keeps the configuration.
    .PARAMETER Force
    Starts an action plan even if the target state is the current one.
    .OUTPUTS
    The action plan instance id, or nothing when nothing was to be done.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType([string])]
    param([switch] $Force)
    if (-not $PSCmdlet.ShouldProcess('all hosts', 'disable the syslog forwarder')) { return }
    (Invoke-YaguraForwarder -Command 'Disable-AzSSyslogForwarder' -Arguments (@(ConvertTo-YaguraArgument $PSBoundParameters) + '-Json')).actionPlanInstanceId
}

function Get-AzSSyslogForwarder {
    <#
    .SYNOPSIS
    Shows the forwarder's configuration: the cluster's (-Cluster, the default), this host's (-Local), each host's (-PerNode).
    #>
    [CmdletBinding(DefaultParameterSetName = 'Cluster')]
    param(
        [Parameter(ParameterSetName = 'Local')] [switch] $Local,
        [Parameter(ParameterSetName = 'PerNode')] [switch] $PerNode,
        [Parameter(ParameterSetName = 'Cluster')] [switch] $Cluster
    )
    $view = Invoke-YaguraForwarder -Command 'Get-AzSSyslogForwarder' -Arguments (@(ConvertTo-YaguraArgument $PSBoundParameters) + '-Json')
    if ($view.scope -eq 'Cluster') { $view | Select-Object -ExcludeProperty hosts -Property * } else { $view.hosts }
}

function Get-YaguraActionPlan {
    <#
    .SYNOPSIS
    Shows an action plan: hosts, steps, states, times, errors.
    .EXAMPLE
    Set-AzSSyslogForwarder -ServerName logs.example.net -ServerPort 6514 | Get-YaguraActionPlan
    #>
    [CmdletBinding()]
    param([Parameter(Mandatory, ValueFromPipeline)] [guid] $Id)
    process { Invoke-YaguraForwarder -Command 'actionplan' -Arguments 'get', $Id.ToString(), '--json' }
}

Export-ModuleMember -Function 'Set-AzSSyslogForwarder', 'Enable-AzSSyslogForwarder', 'Disable-AzSSyslogForwarder', 'Get-AzSSyslogForwarder', 'Get-YaguraActionPlan'
