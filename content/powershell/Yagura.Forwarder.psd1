@{
    RootModule        = 'Yagura.Forwarder.psm1'
    ModuleVersion     = '0.1.0'
    GUID              = '6d0a3c0e-7f55-4c1e-9a0e-2d8f8f6b7c11'
    Author            = 'The Yagura project'
    Description       = 'The syslog forwarder''s four cmdlets. They call the program yagura and give objects back.'
    PowerShellVersion = '7.0'
    FunctionsToExport = @(
        'Set-AzSSyslogForwarder'
        'Enable-AzSSyslogForwarder'
        'Disable-AzSSyslogForwarder'
        'Get-AzSSyslogForwarder'
        'Get-YaguraActionPlan'
    )
    CmdletsToExport   = @()
    VariablesToExport = @()
    AliasesToExport   = @()
}
