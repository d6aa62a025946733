echo waiting
exec sleep 1000
