@echo off
rem What ./fanfold does, for Windows.
setlocal
set "INIT_CWD=%CD%"
cd /d "%~dp0"
fc /b pnpm-lock.yaml node_modules\.pnpm\lock.yaml >nul 2>&1
if errorlevel 1 (
  echo Installing what Fanfold needs.>&2
  call npx --yes pnpm@12.21.0 install --frozen-lockfile >&2 || exit /b 1
)
if not defined NODE_COMPILE_CACHE set "NODE_COMPILE_CACHE=%CD%\node_modules\.cache\fanfold\compiled"
node_modules\node\bin\node.exe scripts\fanfold.ts %*
