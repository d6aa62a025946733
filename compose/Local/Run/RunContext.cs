using System.Net.Http.Headers;

namespace Orchestrator.Local.Run;

/// <summary>What examples and parts of the demo work with: the system that is up, the console, and the API with the admin's token.</summary>
internal sealed class RunContext : IDisposable
{
    public RunContext(Installation installation, RunConsole console)
    {
        Installation = installation;
        Console = console;
        Api = new HttpClient { BaseAddress = installation.Url };
        Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", installation.Secrets.AdminToken);
    }

    public Installation Installation { get; }

    public RunConsole Console { get; }

    /// <summary>Relative addresses are those of the API; every request carries the admin's token.</summary>
    public HttpClient Api { get; }

    public void Dispose() => Api.Dispose();
}
