\set workspace random(1, 1000)
\set key random(1, 1000000000)
insert into renames (workspace, key, payload) values (:workspace, :key, '{"type":"workspace.updated","name":"bench 0123456789 0000000001","actor":"usr_01h455vb4pex5vsknk084sn02q","request_id":"01h455vb4pex5vsknk084sn02q","before":"bench 0123456789 0000000000"}');
