using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>Wakes those who listen on a channel of the database when a transaction commits.</summary>
internal static class Notifications
{
    public static void Notify(this DurableTransaction transaction, string channel, string payload) =>
        transaction.ExecuteWithCommit(Sql.Command("SELECT pg_notify($1, $2)", channel, payload));
}
