# Sets the repository up and leaves `python` in this window as the environment's own (Windows PowerShell 5.1 or newer).
#   .\scripts\bootstrap_repo.ps1              set up
#   .\scripts\bootstrap_repo.ps1 quickstart   set up, then the whole pipeline at a size of a few minutes
#   .\scripts\bootstrap_repo.ps1 test         set up, then run all tests
# Flags are passed on to bootstrap_repo.py: --torch cpu|cuda, --dev, --no-starter.

function Find-Python {
    # `python` may be the Microsoft Store alias, which exists and does nothing: a candidate must answer.
    foreach ($candidate in @(@('py', '-3'), @('py', '-3.14'), @('py', '-3.13'), @('py', '-3.12'), @('py', '-3.11'), @('python'), @('python3'))) {
        $name = $candidate[0]
        $before = @($candidate | Select-Object -Skip 1)
        if (-not (Get-Command $name -ErrorAction SilentlyContinue)) { continue }
        $answer = & $name @before -c "import sys; print((3, 11) <= sys.version_info[:2] <= (3, 14))" 2>$null
        if ($LASTEXITCODE -eq 0 -and "$answer".Trim() -eq 'True') { return , $candidate }
    }
    return $null
}

$root = Split-Path -Parent $PSScriptRoot
$found = Find-Python
if ($null -eq $found) {
    Write-Host 'error: no Python 3.11 to 3.14 was found; install one, then run this script again'
    exit 1
}

$name = $found[0]
$before = @($found | Select-Object -Skip 1)
$script = Join-Path $PSScriptRoot 'bootstrap_repo.py'
& $name @before $script @args
$code = $LASTEXITCODE

# Set by hand what Activate.ps1 would set: an execution policy may forbid running that file.
$environment = Join-Path $root '.venv'
$binaries = Join-Path $environment 'Scripts'
if (Test-Path (Join-Path $binaries 'python.exe')) {
    $env:VIRTUAL_ENV = $environment
    if (-not $env:PATH.StartsWith($binaries)) { $env:PATH = "$binaries;$env:PATH" }
}
exit $code
