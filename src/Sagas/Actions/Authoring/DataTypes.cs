using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>The types that jobs exchange and store, by their stable aliases.</summary>
public static class DataTypes
{
    public const string NilAlias = "nil";

    private const int DeepestCheck = 16;

    private static readonly ConcurrentDictionary<string, Type> ByAlias = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<Type, string> ByType = new();
    private static readonly ConcurrentDictionary<Type, string> Refused = new();

    private static readonly (Type Type, string Alias)[] BuiltIn =
    [
        (typeof(Nil), NilAlias), (typeof(string), "string"), (typeof(bool), "bool"), (typeof(int), "int"), (typeof(long), "long"),
        (typeof(double), "double"), (typeof(decimal), "decimal"), (typeof(Guid), "uuid"), (typeof(DateTimeOffset), "time"),
        (typeof(TimeSpan), "duration"), (typeof(Uri), "uri"), (typeof(byte[]), "bytes"),
        (typeof(JsonElement), "json"), (typeof(JsonObject), "json-object"), (typeof(JsonNode), "json-node"),
    ];

    static DataTypes()
    {
        foreach (var (type, alias) in BuiltIn)
            (ByType[type], ByAlias[alias]) = (alias, type);
    }

    /// <summary>How data is written: camelCase, enums as text.</summary>
    public static JsonSerializerOptions Json { get; } = new(WireJson.Options)
    {
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The alias of a type, which is registered by it.</summary>
    /// <exception cref="DataAliasException">It has none, or another type has it.</exception>
    public static string AliasOf(Type type) => ByType.GetOrAdd(type, Register);

    /// <summary>The type of an alias.</summary>
    /// <exception cref="DataTypeNotFoundException">No job of this process declares it.</exception>
    public static Type Find(string alias) => ByAlias.TryGetValue(alias, out var type) ? type : throw new DataTypeNotFoundException(alias);

    /// <summary>A value as it is stored.</summary>
    /// <exception cref="DataNotSerializableException">It cannot be.</exception>
    public static JobValue Write(object value)
    {
        var type = Known(value.GetType());
        try
        {
            return new JobValue(AliasOf(type), JsonSerializer.Serialize(value, type, Json));
        }
        catch (Exception exception) when (exception is NotSupportedException or JsonException)
        {
            throw new DataNotSerializableException(type, exception.Message);
        }
    }

    /// <summary>A stored value as the type that its alias names.</summary>
    /// <exception cref="DataTypeNotFoundException">No job of this process declares it.</exception>
    /// <exception cref="EntryWithoutDataException">There is nothing in it.</exception>
    public static object Read(JobValue value) => Read(value, Find(value.Type));

    /// <summary>A stored value as a type.</summary>
    /// <exception cref="EntryWithoutDataException">There is nothing in it.</exception>
    public static object Read(JobValue value, Type type) =>
        type == typeof(Nil) ? Nil.Value
        : value.Json is "null" ? throw new EntryWithoutDataException()
        : JsonSerializer.Deserialize(value.Json, type, Json) ?? throw new EntryWithoutDataException();

    /// <summary>True when a value of one type can be given to a job that takes another.</summary>
    public static bool Fits(Type actual, Type expected) =>
        expected == typeof(Nil) || expected == typeof(object) || expected.IsAssignableFrom(actual) || expected == typeof(JsonElement);

    /// <summary>Checks that the jobs' types can be stored and that each fits what reaches it.</summary>
    /// <returns>What the action takes.</returns>
    /// <exception cref="ActionException">They do not.</exception>
    internal static Type Check(IReadOnlyList<JobDefinition> jobs)
    {
        Type? input = null;
        Type? reaching = null;
        foreach (var job in jobs)
        {
            DemandSerializable(job.InputType!);
            DemandSerializable(job.OutputType!);
            if (job.InputType != typeof(Nil))
            {
                if (reaching is not null && !Fits(reaching, job.InputType!))
                    throw new InputMismatchException(job.Name, AliasOf(job.InputType!), AliasOf(reaching));
                input ??= reaching is null ? job.InputType : null;
                reaching ??= job.InputType;
            }

            if (job.OutputType != typeof(Nil))
            {
                input ??= reaching is null ? typeof(Nil) : input;
                reaching = job.OutputType;
            }
        }

        return input ?? typeof(Nil);
    }

    /// <exception cref="DataNotSerializableException">JSON cannot hold it.</exception>
    internal static void DemandSerializable(Type type)
    {
        _ = AliasOf(type);
        var reason = Refused.GetOrAdd(type, static t => Reason(t, [], DeepestCheck) ?? "");
        if (reason.Length > 0)
            throw new DataNotSerializableException(type, reason);
    }

    // A derived type that declares no alias of its own is stored as what the job declares.
    private static Type Known(Type type)
    {
        for (var known = type; known is not null && known != typeof(object); known = known.BaseType)
        {
            if (ByType.ContainsKey(known) || known.GetCustomAttribute<JobDataAttribute>(inherit: false) is not null)
                return known;
        }

        return type;
    }

    private static string Register(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return AliasOf(underlying);
        if (ElementOf(type) is { } element)
            return Add($"{AliasOf(element)}[]", type);
        var alias = type.GetCustomAttribute<JobDataAttribute>(inherit: false)?.Alias
            ?? throw new DataAliasException($"type {type.Name} has no [JobData(\"alias\")], under which its data would be stored");
        if (alias.Length is 0 or > 100 || !alias.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-'))
            throw new DataAliasException($"alias '{alias}' of type {type.Name} must be 1 to 100 lower-case letters, digits, dots and hyphens");
        return Add(alias, type);
    }

    private static string Add(string alias, Type type)
    {
        var other = ByAlias.GetOrAdd(alias, type);
        return other == type || ElementOf(type) is not null
            ? alias
            : throw new DataAliasException($"alias '{alias}' is that of {other} already; {type} needs one of its own");
    }

    private static Type? ElementOf(Type type) =>
        type == typeof(byte[]) ? null
        : type.IsSZArray ? type.GetElementType()
        : type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(List<>) || type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            ? type.GetGenericArguments()[0]
            : null;

    private static string? Reason(Type type, HashSet<Type> seen, int depth)
    {
        if (depth == 0 || !seen.Add(type) || ByType.TryGetValue(type, out var alias) && BuiltIn.Any(b => b.Alias == alias))
            return null;
        if (typeof(Delegate).IsAssignableFrom(type) || typeof(MemberInfo).IsAssignableFrom(type) || typeof(Stream).IsAssignableFrom(type)
            || typeof(Task).IsAssignableFrom(type) || type.IsPointer || type.IsByRefLike || type == typeof(IntPtr) || type == typeof(CancellationToken))
            return $"{type.Name} is no data";
        try
        {
            var info = Json.GetTypeInfo(type);
            foreach (var property in info.Properties)
            {
                if (property.Get is not null && Reason(property.PropertyType, seen, depth - 1) is { } reason)
                    return $"its member '{property.Name}': {reason}";
            }

            if (info.ElementType is { } element)
                return Reason(element, seen, depth - 1);
            if (info.Kind is not JsonTypeInfoKind.Object)
                return null;
            JsonSerializer.Deserialize("{}", type, Json);
            return null;
        }
        catch (JsonException)
        {
            // It lacks required members, so it can be read.
            return null;
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
        {
            return exception.Message;
        }
    }
}
