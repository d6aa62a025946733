using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace Orchestrator.Sagas.Persistence.SagaStorage;

/// <summary>
/// The row of a saga type. Its statements are worked out once from the mapping and fit into the batches that begin and commit
/// a transaction, which a change tracker's do not.
/// </summary>
internal sealed class SagaRow<TSaga>
    where TSaga : class, MassTransit.ISaga
{
    /// <summary>Of the error that the database raises when a statement meant for one row met none.</summary>
    public const string NotWritten = "OR001";

    private readonly SagaColumn<TSaga>[] _columns;
    private readonly SagaColumn<TSaga> _version;
    private readonly string _select;
    private readonly string _insert;
    private readonly string _update;
    private readonly string _delete;

    /// <exception cref="NotSupportedException">The mapping has more than the columns of one table.</exception>
    public SagaRow(IEntityType type)
    {
        if (type.GetNavigations().Any() || type.GetComplexProperties().Any() || type.GetTableName() is not { } table)
            throw new NotSupportedException($"{type.DisplayName()} must be mapped to the columns of one table.");
        Table = table;
        var properties = type.GetProperties().Where(property => !property.IsShadowProperty()).OrderByDescending(property => property.IsPrimaryKey()).ToList();
        _columns = [.. properties.Select((property, i) => new SagaColumn<TSaga>(property, i))];
        _version = new SagaColumn<TSaga>(type.FindProperty("xmin")!, _columns.Length);
        var names = string.Join(", ", _columns.Select(column => column.Name));
        var places = string.Join(", ", _columns.Select((_, i) => $"${i + 1}"));
        var changes = string.Join(", ", _columns.Skip(1).Select((column, i) => $"{column.Name} = ${i + 2}"));
        var key = _columns[0].Name;
        _select = $"SELECT {names}, xmin FROM \"{table}\" WHERE {key} = $1";
        _insert = $"INSERT INTO \"{table}\" ({names}) VALUES ({places})";
        _update = Demanding($"UPDATE \"{table}\" SET {changes} WHERE {key} = $1 AND xmin = ${_columns.Length + 1}");
        _delete = Demanding($"DELETE FROM \"{table}\" WHERE {key} = $1 AND xmin = $2");
    }

    public string Table { get; }

    public NpgsqlBatchCommand Select(Guid id)
    {
        var command = new NpgsqlBatchCommand(_select);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        return command;
    }

    /// <summary>The saga of the row that a reader is at.</summary>
    public SagaInstance<TSaga> Read(NpgsqlDataReader reader)
    {
        var saga = (TSaga)Activator.CreateInstance(typeof(TSaga), nonPublic: true)!;
        var values = new object?[_columns.Length];
        for (var i = 0; i < _columns.Length; i++)
        {
            var value = _columns[i].Read(reader);
            _columns[i].Set(saga, value);
            values[i] = _columns[i].Snapshot(value);
        }

        return new SagaInstance<TSaga>(saga) { Version = _version.Read(reader), Values = values };
    }

    /// <summary>What a message has made of a saga; null when there is nothing to write.</summary>
    public NpgsqlBatchCommand? Write(SagaInstance<TSaga> instance)
    {
        if (instance.Values is null)
            return instance.IsDeleted ? null : With(_insert, instance.Saga);
        if (instance.IsDeleted)
        {
            var delete = new NpgsqlBatchCommand(_delete);
            delete.Parameters.Add(_columns[0].Parameter(instance.Saga));
            delete.Parameters.Add(_version.ParameterOf(instance.Version));
            return delete;
        }

        if (!_columns.Where((column, i) => !column.IsEqual(instance.Values[i], column.Get(instance.Saga))).Any())
            return null;
        var update = With(_update, instance.Saga);
        update.Parameters.Add(_version.ParameterOf(instance.Version));
        return update;
    }

    private NpgsqlBatchCommand With(string sql, TSaga saga)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in _columns)
            command.Parameters.Add(column.Parameter(saga));
        return command;
    }

    private static string Demanding(string sql) => $"WITH written AS ({sql} RETURNING 1) SELECT demand_written(count(*)) FROM written";
}

/// <summary>A saga as one message sees it.</summary>
internal sealed class SagaInstance<TSaga>(TSaga saga)
{
    public TSaga Saga => saga;

    /// <summary>As they were read; null when the message began the saga.</summary>
    public object?[]? Values { get; init; }

    public object? Version { get; init; }

    public bool IsDeleted { get; set; }
}

/// <summary>One column of a saga's row, as its mapping has it.</summary>
internal sealed class SagaColumn<TSaga>
{
    // Makes parameters, and is never executed.
    private static readonly NpgsqlCommand Maker = new();

    private readonly IProperty _property;
    private readonly Microsoft.EntityFrameworkCore.ChangeTracking.ValueComparer _comparer;
    private readonly Func<NpgsqlDataReader, object?> _read;
    private readonly Func<TSaga, object?>? _get;
    private readonly Action<TSaga, object?>? _set;
    private readonly int _ordinal;

    public SagaColumn(IProperty property, int ordinal)
    {
        (_property, _ordinal, _comparer) = (property, ordinal, property.GetValueComparer());
        _read = Reading(property, ordinal);
        if (property.PropertyInfo is not { } member)
            return;
        var saga = Expression.Parameter(typeof(TSaga));
        var value = Expression.Parameter(typeof(object));
        _get = Expression.Lambda<Func<TSaga, object?>>(Expression.Convert(Expression.Property(saga, member), typeof(object)), saga).Compile();
        _set = Expression.Lambda<Action<TSaga, object?>>(
            Expression.Assign(Expression.Property(saga, member), Expression.Convert(value, member.PropertyType)), saga, value).Compile();
    }

    public string Name => $"\"{_property.GetColumnName()}\"";

    public object? Read(NpgsqlDataReader reader) => reader.IsDBNull(_ordinal) ? null : _read(reader);

    public object? Get(TSaga saga) => _get!(saga);

    public void Set(TSaga saga, object? value) => _set!(saga, value);

    public object? Snapshot(object? value) => value is null ? null : _comparer.Snapshot(value);

    public bool IsEqual(object? before, object? now) => _comparer.Equals(before, now);

    public NpgsqlParameter Parameter(TSaga saga) => ParameterOf(Get(saga));

    public NpgsqlParameter ParameterOf(object? value) =>
        (NpgsqlParameter)_property.GetRelationalTypeMapping().CreateParameter(Maker, "", value, _property.IsNullable);

    private static Func<NpgsqlDataReader, object?> Reading(IProperty property, int ordinal)
    {
        var mapping = property.GetRelationalTypeMapping();
        var reader = Expression.Parameter(typeof(NpgsqlDataReader));
        var method = mapping.GetDataReaderMethod();
        Expression value = Expression.Call(Expression.Convert(reader, method.DeclaringType!), method, Expression.Constant(ordinal));
        value = mapping.CustomizeDataReaderExpression(value);
        if (mapping.Converter is { } converter)
        {
            var from = converter.ConvertFromProviderExpression;
            value = Expression.Invoke(from, value.Type == from.Parameters[0].Type ? value : Expression.Convert(value, from.Parameters[0].Type));
        }

        return Expression.Lambda<Func<NpgsqlDataReader, object?>>(Expression.Convert(value, typeof(object)), reader).Compile();
    }
}
